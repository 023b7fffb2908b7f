// What each path answers. Every function is one resource; router.cpp finds the function.
//
// Threads: any; called on the workers. Does not: change anything.
#pragma once

#include <mutex>
#include <optional>

#include "api/candle_query.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/server.h"
#include "api/trade_query.h"

namespace tradelake::api {

struct Lake {
  explicit Lake(const ServerContext& context)
      : context(context), candles(context.candles, context.io), trades(context.sink, context.io) {}

  ServerContext context;
  CandleQuery candles;
  TradeQuery trades;
  // Markets that were in the table before this process saw a trade of them; read once.
  std::mutex markets_mutex;
  std::optional<std::vector<silver::CandleRow>> stored_markets;
};

Answer<Response> get_candles(Lake& lake, const Query& query);
Answer<Response> get_trades(Lake& lake, const Query& query);
Answer<Response> get_markets(Lake& lake, const Query& query);
Answer<Response> get_tables(Lake& lake, const Query& query);
Answer<Response> get_table(Lake& lake, const std::string& name_space, const std::string& name,
                           const Query& query);
Answer<Response> get_status(Lake& lake, const Query& query);
Answer<Response> get_metrics(Lake& lake, const Query& query);

// Bybit's envelope: errors too are answers with status 200, as its clients expect.
Response get_bybit_kline(Lake& lake, const Query& query);
Response get_bybit_time();

// The result of the lake's own functions, or the problem its error is.
template <class T>
Answer<T> answer(Result<T> result) {
  if (!result) return std::unexpected(to_problem(result.error()));
  return *std::move(result);
}

}  // namespace tradelake::api
