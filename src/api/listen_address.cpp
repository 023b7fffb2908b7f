#include "api/listen_address.h"

#include <charconv>

namespace tradelake::api {

Result<ListenAddress> parse_listen(const std::string& listen) {
  const auto colon = listen.rfind(':');
  unsigned port = 65'536;
  if (colon != std::string::npos) {
    const char* end = listen.data() + listen.size();
    const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end) port = 65'536;
  }
  if (port > 65'535 || colon == 0) {
    return make_error(Errc::invalid_argument,
                      "listen is '{}'; allowed: ADDRESS:PORT such as 127.0.0.1:8460, with port 0 "
                      "for any free one",
                      listen);
  }
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return ListenAddress{std::move(host), static_cast<std::uint16_t>(port)};
}

}  // namespace tradelake::api
