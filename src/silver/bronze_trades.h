// The trades of a span as bronze has them, for who makes candles of them again.
//
// Threads: one. Memory: one batch of trades. Does not: leave out late ones, or order them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "bybit/category.h"
#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/candle.h"
#include "silver/taken_late_trades.h"

namespace tradelake::silver {

struct BronzeTrade {
  bybit::Category category{};
  std::string_view symbol;
  CandleTrade trade;
  TakenLateTrades::Place place;
  bool block = false, rpi = false;  // false unless they were asked for
};

enum class TradeFlags { left_out, wanted };

// Those of [from_us, to_us), in no order; what `see` is given lives until it returns. Errors:
// corrupt, io, those of reading.
Result<> visit_bronze_trades(const iceberg::Table& trades, iceberg::FileIo& io,
                             std::int64_t from_us, std::int64_t to_us, TradeFlags flags,
                             const std::function<void(const BronzeTrade& trade)>& see);

}  // namespace tradelake::silver
