#include "api/router.h"

#include <algorithm>
#include <array>

#include "api/assets.h"
#include "api/metrics.h"

namespace tradelake::api {
namespace {

struct Route {
  std::string_view path;
  Answer<Response> (*get)(Lake&, const Query&);
};

Answer<Response> bybit_kline(Lake& lake, const Query& query) {
  return get_bybit_kline(lake, query);
}
Answer<Response> bybit_time(Lake&, const Query&) {
  return get_bybit_time();
}
Answer<Response> readyz(Lake& lake, const Query&) {
  return readiness(lake.context.ready());
}

constexpr auto routes = std::to_array<Route>({
    {"/v1/candles", get_candles},
    {"/v1/trades", get_trades},
    {"/v1/markets", get_markets},
    {"/v1/tables", get_tables},
    {"/v1/status", get_status},
    {"/metrics", get_metrics},
    {"/readyz", readyz},
    {"/v5/market/kline", bybit_kline},
    {"/v5/market/time", bybit_time},
});

constexpr std::string_view health_path = "/healthz";
constexpr std::string_view tables_prefix = "/v1/tables/";

bool may_be_read(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

Answer<Response> find_and_get(Lake& lake, const Request& request) {
  const std::string_view path = request.path;
  const auto* route = std::ranges::find(routes, path, &Route::path);
  const auto slash =
      path.starts_with(tables_prefix) ? path.find('/', tables_prefix.size()) : path.npos;
  const bool quick = path == health_path || find_asset(path) != nullptr;
  if (route == routes.end() && slash == path.npos && !quick) {
    return std::unexpected(Problem{404, fmt::format("there is nothing at '{}'", shown(path))});
  }
  if (!may_be_read(request)) {
    return std::unexpected(
        Problem{405, fmt::format("method is {}; allowed: GET, HEAD", shown(request.method))});
  }
  TL_ASSIGN(const auto query, Query::parse(request.query));
  if (route != routes.end()) return route->get(lake, query);
  return get_table(lake,
                   std::string(path.substr(tables_prefix.size(), slash - tables_prefix.size())),
                   std::string(path.substr(slash + 1)), query);
}

}  // namespace

std::optional<Response> route_quick(const Request& request) {
  if (!may_be_read(request)) return std::nullopt;
  if (request.path == health_path) return Response{200, "text/plain; charset=utf-8", "ok\n", {}};
  if (const auto* asset = find_asset(request.path)) return to_response(*asset);
  return std::nullopt;
}

Response route(Lake& lake, const Request& request) {
  auto response = find_and_get(lake, request);
  if (!response) {
    auto problem = to_response(response.error());
    if (problem.status == 405) problem.headers.emplace_back("Allow", "GET, HEAD");
    return problem;
  }
  // Answers of one moment.
  response->headers.emplace_back("Cache-Control", "no-store");
  return *std::move(response);
}

}  // namespace tradelake::api
