#include "feed/endpoint.h"

#include <charconv>

namespace tradelake::feed {
namespace {

constexpr std::uint16_t plain_port = 80;
constexpr std::uint16_t tls_port = 443;

}  // namespace

std::string Endpoint::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? tls_port : plain_port) ? name : fmt::format("{}:{}", name, port);
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return make_error(Errc::invalid_argument,
                      "address '{}': {}; write it as ws://HOST:PORT (or wss, http, https)", url,
                      why);
  };
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return bad("it has no scheme");
  const auto scheme = url.substr(0, scheme_end);
  Endpoint endpoint;
  endpoint.tls = scheme == "wss" || scheme == "https";
  if (!endpoint.tls && scheme != "ws" && scheme != "http") return bad("its scheme is unknown");
  endpoint.port = endpoint.tls ? tls_port : plain_port;

  auto rest = url.substr(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos)
    return bad("only host and port are allowed");
  auto host_end = rest.find(':');
  if (rest.starts_with('[')) {  // IPv6
    const auto bracket = rest.find(']');
    if (bracket == std::string_view::npos) return bad("its '[' is not closed");
    endpoint.host = rest.substr(1, bracket - 1);
    host_end = bracket + 1 < rest.size() ? bracket + 1 : std::string_view::npos;
  } else {
    endpoint.host = rest.substr(0, host_end);
  }
  if (endpoint.host.empty()) return bad("it has no host");
  if (host_end == std::string_view::npos) return endpoint;
  const auto port = rest.substr(host_end + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (rest[host_end] != ':' || parsed.ec != std::errc{} ||
      parsed.ptr != port.data() + port.size() || endpoint.port == 0) {
    return bad("its port is not a number from 1 to 65535");
  }
  return endpoint;
}

Result<ExchangeAddress> parse_exchange(std::string_view source) {
  if (source == "bybit") {
    return ExchangeAddress{
        "bybit", {true, "stream.bybit.com", tls_port}, {true, "api.bybit.com", tls_port}};
  }
  if (!source.starts_with("ws://") && !source.starts_with("wss://")) {
    return make_error(Errc::invalid_argument,
                      "source '{}': allowed are bybit, replay:FILE, ws://HOST:PORT and "
                      "wss://HOST:PORT",
                      source);
  }
  TL_ASSIGN(auto endpoint, parse_endpoint(source));
  return ExchangeAddress{std::string(source), endpoint, endpoint};
}

}  // namespace tradelake::feed
