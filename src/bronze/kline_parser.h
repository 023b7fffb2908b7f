// One kline frame to the candles that it says are closed: what `confirm` is true of.
//
// Threads: a KlineParser per thread; what parse() returns lives until its next call. Invariant: a
// frame is judged whole before any of its candles counts. Does not: make dead letters (those are of
// trades), look at candles that are not closed, or know whether one came before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bronze/reason.h"
#include "bybit/category.h"
#include "core/decimal.h"

namespace tradelake::bronze {

struct Kline {
  std::int64_t open_time_us = 0, close_time_us = 0;  // half-open, as our candles are
  Decimal open, high, low, close, volume, turnover;
  std::int64_t pushed_us = 0;
  std::int32_t index = 0;  // place in the frame's data

  // The minute that it ends with: of a 1m candle its own.
  std::int64_t last_minute_us() const;
};

struct UnreadableKline {
  Reason reason;
  std::string detail;
  std::int32_t index = -1;  // -1: the whole frame
};

struct ParsedKlines {
  bybit::Category category{};
  std::string interval, symbol;  // as the topic names them
  std::vector<Kline> closed;
  std::vector<UnreadableKline> unreadable;
  std::int64_t open = 0;  // pushes of candles that are not closed
};

class KlineParser {
 public:
  KlineParser();
  ~KlineParser();
  const ParsedKlines& parse(std::string_view text, std::string_view category, std::int64_t recv_ns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tradelake::bronze
