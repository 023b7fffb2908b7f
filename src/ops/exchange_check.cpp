#include "ops/exchange_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fmt/format.h>

#include "bybit/rest_shapes.h"
#include "core/time.h"
#include "feed/http_client.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

constexpr const char* time_path = "/v5/market/time";
constexpr int days_to_renew = 14;
constexpr std::chrono::seconds patience{4};  // for each of the two

SourceLook look_at_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return {{{"source", CheckStatus::failed,
              fmt::format("{}: {}", path, std::generic_category().message(errno)),
              "correct --source"}}};
  }
  ::close(file);
  return {{{"source", CheckStatus::ok, path + " can be read"}}};
}

std::string advice(const std::string& message) {
  if (message.contains("resolve")) return "check the name server of this machine, and --source";
  if (message.contains("certificate"))
    return "trust the certificate's authority (SSL_CERT_FILE), or find out who answers there";
  return "check the network, a firewall, and --source";
}

// Bybit is what `auto` tries first, and can do without.
Check unreachable(const std::string& message, bool automatic) {
  if (automatic) {
    return {"exchange", CheckStatus::info,
            message + "; `run` plays the exchange itself (--source auto)"};
  }
  return {"exchange", CheckStatus::failed, message, advice(message)};
}

SourceLook look_at_exchange(const feed::ExchangeAddress& address, bool automatic) {
  SourceLook look;
  feed::HttpOptions options;
  options.timeout = patience;
  // Whatever the WebSocket's host answers to a plain request: it is there, and who it says it is.
  const auto socket = feed::http_get(address.websocket, "/", options);
  if (!socket) {
    look.checks.push_back(unreachable(socket.error().message, automatic));
    return look;
  }
  auto end_us = socket->certificate_end_us;
  const std::int64_t before_us = now_us();
  const auto rest = feed::http_get(address.rest, time_path, options);
  const std::int64_t after_us = now_us();
  if (rest && rest->certificate_end_us)
    end_us = std::min(end_us.value_or(*rest->certificate_end_us), *rest->certificate_end_us);
  const auto theirs_ns =
      rest ? bybit::parse_server_time_ns(rest->body) : std::unexpected(rest.error());
  if (theirs_ns) {
    look.clock = clock_reading("the exchange", before_us, *theirs_ns / 1000, after_us);
    look.checks.push_back(
        {"exchange", CheckStatus::ok,
         fmt::format("{}: REST answers in {}", address.name, time_text(after_us - before_us))});
  } else {
    // For whole countries REST is blocked, while frames come.
    const auto why = rest ? fmt::format("{} answers {} with status {}", address.rest.authority(),
                                        time_path, rest->status)
                          : rest.error().message;
    look.checks.push_back(
        {"exchange", automatic ? CheckStatus::info : CheckStatus::warning,
         "frames can come, but REST cannot be asked: " + why,
         automatic ? ""
                   : "name markets instead of `*` in --symbols, or collect from a place where "
                     "REST is not blocked"});
  }
  if (end_us) look.checks.push_back(judge_certificate(*end_us, now_us()));
  return look;
}

}  // namespace

SourceLook look_at_source(const SourceAddress& source) {
  return source.replay_file.empty() ? look_at_exchange(source.exchange, source.automatic)
                                    : look_at_file(source.replay_file);
}

Check judge_certificate(std::int64_t end_us, std::int64_t now_us) {
  const auto days = floor_div(end_us - now_us, us_per_day);
  Check check{
      "certificate", CheckStatus::ok,
      fmt::format("the exchange's is valid until {}, {} days from now", format_us(end_us), days)};
  if (days < days_to_renew) {
    check.status = end_us <= now_us ? CheckStatus::failed : CheckStatus::warning;
    check.action = "whoever runs the exchange has to renew it; `tradelake` will refuse it";
  }
  return check;
}

}  // namespace tradelake::ops
