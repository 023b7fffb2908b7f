// Where a frame belongs, before anything in it is judged: the first of the rules for good data.
//
// Threads: a Router per thread (it keeps its parser's memory).
// Does not: look into `data`; a frame routed as a trade may still turn out not to be JSON.
#pragma once

#include <memory>
#include <string_view>

namespace tradelake::bybit {

enum class RouteKind {
  trade,       // publicTrade: to the trade topic of its category, keyed by `symbol`
  kline,       // kline.INTERVAL.SYMBOL: to the kline topic of its category, keyed by `symbol`
  control,     // op, success or ret_msg and no topic: not market data
  skipped,     // a topic of a stream nobody stores
  unroutable,  // not JSON, not UTF-8, no topic: to the dead letters
};

struct Route {
  RouteKind kind;
  std::string_view symbol;  // trade, kline: the topic's last part; lives until the next call
};

class Router {
 public:
  Router();
  ~Router();
  Route route(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tradelake::bybit
