// A candle as the tables hold it, and merging those that follow each other in time.
//
// Threads: values and functions. Does not: know Arrow (candle_arrow.h) or trades beyond a Candle.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "silver/candle.h"

namespace tradelake::silver {

struct CandleRow {
  bybit::Category category{};
  std::string symbol;
  std::int64_t open_time_us = 0;
  Decimal open, high, low, close;
  std::optional<Decimal> volume, turnover, buy_volume,
      buy_turnover;  // nothing: left decimal(38,18)
  std::int64_t trades = 0;
  std::int64_t first_trade_time_us = 0, last_trade_time_us = 0;
  std::int32_t revision = 0;
  std::int64_t updated_at_us = 0;

  // Everything but revision and updated_at.
  bool same_candle(const CandleRow& other) const;
  // Takes in a candle of the same market and of other minutes: what comes out does not depend on
  // the order. open_time stays; revision and updated_at become the greater ones.
  void merge(const CandleRow& other);
};

CandleRow to_row(bybit::Category category, std::string_view symbol, std::int64_t open_time_us,
                 const Candle& candle);

// Rows of one market in the order of open_time, merged into larger candles: each into the one whose
// open_time is that of its own.
std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows,
                                  const std::function<std::int64_t(std::int64_t)>& open_time_of);
// Into those that start at multiples of the step.
std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows, std::int64_t step_us);

// category, symbol, open_time: the tables' sort order.
bool sorts_before(const CandleRow& a, const CandleRow& b);

}  // namespace tradelake::silver
