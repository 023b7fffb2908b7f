#include "api/server.h"

#include <charconv>

#include "api/http_server.h"
#include "api/router.h"

namespace tradelake::api {
namespace {

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8460", "localhost:0", "[::1]:8460"
Result<Address> parse_listen(const std::string& listen) {
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
  return Address{std::move(host), static_cast<std::uint16_t>(port)};
}

class ServerImpl : public Server {
 public:
  explicit ServerImpl(const ServerContext& context) : lake_(context) {}

  Result<> listen(const Address& address) {
    TL_ASSIGN(http_, HttpServer::start(address.host, address.port,
                                       {route_quick, [this](const Request& request) {
                                          return route(lake_, request);
                                        }}));
    return {};
  }
  std::uint16_t port() const override { return http_->port(); }

 private:
  Lake lake_;
  std::unique_ptr<HttpServer> http_;  // stops before the lake goes
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const std::string& listen,
                                              const ServerContext& context) {
  TL_ASSIGN(const auto address, parse_listen(listen));
  auto server = std::make_unique<ServerImpl>(context);
  TL_TRY(server->listen(address));
  return server;
}

}  // namespace tradelake::api
