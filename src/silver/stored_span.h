// The candles of a span of time as a table has them.
//
// Threads: functions. Does not: keep rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/market_filter.h"
#include "silver/repair_changes.h"

namespace tradelake::silver {

// Those that begin in [from_us, to_us). Errors: those of reading.
Result<> visit_stored(const iceberg::Table& table, iceberg::FileIo& io, std::int64_t from_us,
                      std::int64_t to_us, MarketFilter& filter,
                      const std::function<void(CandleRow row)>& visit);

// One more row of the same candle: one too many if there was one.
void take_in(std::optional<StoredCandle>& stored, CandleRow row);

}  // namespace tradelake::silver
