// Why candles differ from the exchange's: what the lake knows of the spans of time that they are
// of.
//
// Threads: one. Memory: the differences that are explained at once, and the late trades of their
// spans. Does not: find differences (candle_check.h).
#pragma once

#include <cstdint>
#include <span>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/candle_check.h"

namespace tradelake::silver {

struct ReasonTables {
  iceberg::Table gaps, late_trades, trades;
  std::int64_t trades_from_us = INT64_MAX;  // bronze.trades is whole from here on
};

// Adds to each the reasons that apply, one after the other: a gap of its market that overlaps, late
// trades of its span, and block or RPI trades that account for the difference to the last digit.
// `step_us`: of the candles. Errors: those of reading.
Result<> add_reasons(const ReasonTables& tables, iceberg::FileIo& io, std::int64_t step_us,
                     std::span<CandleDifference> differences);

}  // namespace tradelake::silver
