// Our closed candles held against the exchange's own, as bronze.klines has them: volume, turnover
// and close. Open, high and low are not compared: the exchange's open is the close before, and its
// high and low include that.
//
// Turnover of inverse contracts is a sum of quotients, which the exchange rounds to 8 decimals and
// we to 18: what rounding accounts for is no difference, but counted. Threads: one. Memory: the
// candles of 240 steps, and what differs in them. Does not: change anything, or ask the exchange.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/market.h"
#include "core/decimal.h"
#include "core/error.h"
#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "silver/intervals.h"

namespace tradelake::silver {

struct CheckRequest {
  const StoredInterval* interval = &minute_interval;
  std::int64_t from_us = 0, to_us = 0;  // whole candles
  std::vector<bybit::Market> markets;   // none: all
  std::int64_t grace_us = 600'000'000;
  std::int64_t bronze_retention_us = 0;  // 0: for ever
};

struct DifferenceReason {
  std::string_view name;  // no candle, begin, gap, late, block trades, rpi, block trades and rpi
  std::string detail;     // of which gap, how much; may be empty
};

struct CandleDifference {
  bybit::Category category{};
  std::string symbol;
  std::int64_t open_time_us = 0;
  std::string_view field;       // volume, turnover or close
  std::optional<Decimal> ours;  // nothing: we have no candle, or the sum left decimal(38,18)
  Decimal exchange;
  std::optional<Decimal> difference;  // ours less the exchange's
  std::vector<DifferenceReason> reasons;
};

struct CheckCounts {
  std::int64_t compared = 0;       // candles, of which
  std::int64_t equal = 0;          //
  std::int64_t different = 0;      // in at least one field
  std::int64_t rounded = 0;        // of the equal ones: but for the rounding of inverse turnover
  std::int64_t without_kline = 0;  // ours, of which the exchange told nothing
  std::int64_t not_written = 0;    // the exchange's, which the candles pipeline has not come to yet
};

// `tell` is called with each difference, in the order of time. Errors: invalid_argument (no klines
// or candles were ever stored; a market of which there is nothing in the range), those of reading.
Result<CheckCounts> check_candles(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                  const CheckRequest& request, std::int64_t now_us,
                                  const std::function<void(const CandleDifference&)>& tell);

}  // namespace tradelake::silver
