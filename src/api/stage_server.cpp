#include "api/stage_server.h"

#include "api/http_server.h"
#include "api/listen_address.h"
#include "api/problem.h"

namespace tradelake::api {
namespace {

constexpr const char* plain = "text/plain; charset=utf-8";

class StageServer : public Server {
 public:
  explicit StageServer(StageContext context) : context_(std::move(context)) {}

  Result<> listen(const ListenAddress& address) {
    const Handlers handlers{[](const Request& request) -> std::optional<Response> {
                              if (request.path != "/healthz") return std::nullopt;
                              return Response{200, plain, "ok\n", {}};
                            },
                            [this](const Request& request) { return answer(request); }};
    TL_ASSIGN(http_, HttpServer::start(address.host, address.port, handlers));
    return {};
  }
  std::uint16_t port() const override { return http_->port(); }

 private:
  Response answer(const Request& request) const {
    if (request.path == "/metrics") return metrics_response(context_.sources());
    if (request.path == "/readyz") return readiness(context_.ready());
    return to_response({404, "allowed: /metrics, /healthz, /readyz"});
  }

  StageContext context_;
  std::unique_ptr<HttpServer> http_;  // stops before the context goes
};

}  // namespace

Result<std::unique_ptr<Server>> start_stage_server(const std::string& listen,
                                                   StageContext context) {
  TL_ASSIGN(const auto address, parse_listen(listen));
  auto server = std::make_unique<StageServer>(std::move(context));
  TL_TRY(server->listen(address));
  return server;
}

}  // namespace tradelake::api
