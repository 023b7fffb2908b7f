#include "api/server.h"

#include "api/http_server.h"
#include "api/listen_address.h"
#include "api/router.h"

namespace tradelake::api {
namespace {

class ServerImpl : public Server {
 public:
  explicit ServerImpl(const ServerContext& context) : lake_(context) {}

  Result<> listen(const ListenAddress& address) {
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
