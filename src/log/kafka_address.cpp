#include "log/kafka_address.h"

#include <charconv>

namespace tradelake::log {
namespace {

// "host:port", "[::1]:port".
bool parse_broker(std::string_view text, KafkaBroker& broker) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/?#@[] ") != std::string_view::npos) return false;
  if (!bracketed && host.contains(':')) return false;
  const auto port = text.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), broker.port);
  broker.host = host;
  return parsed.ec == std::errc{} && parsed.ptr == port.data() + port.size() && broker.port != 0;
}

}  // namespace

std::string KafkaAddress::bootstrap() const {
  std::string text;
  for (const auto& [host, port] : brokers) {
    const bool bracketed = host.contains(':');
    text += fmt::format("{}{}{}{}:{}", text.empty() ? "" : ",", bracketed ? "[" : "", host,
                        bracketed ? "]" : "", port);
  }
  return text;
}

Result<KafkaAddress> parse_kafka_address(std::string_view text) {
  KafkaAddress address;
  auto rest = text;
  bool good = rest.starts_with(kafka_scheme);
  if (good) rest.remove_prefix(kafka_scheme.size());
  while (good) {
    const auto comma = rest.find(',');
    good = parse_broker(rest.substr(0, comma), address.brokers.emplace_back());
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (!good) {
    return make_error(Errc::invalid_argument,
                      "log is '{}'; allowed: local, kafka://host:port[,host:port]", text);
  }
  return address;
}

}  // namespace tradelake::log
