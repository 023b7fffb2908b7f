// Candles of a range made again from bronze.trades, late trades among them, and what differs in
// silver brought to that: minutes, the larger candles that reach into the range, and the rows of
// late_trades that are counted in, in one transaction.
//
// A minute or larger candle that is not stored and that the pipeline still writes by itself is left
// to it. The commit raises the epoch of the pipeline's progress rows: one that runs with the tables
// as they were is fenced, one that starts loads them as they are.
// Threads: one. Memory: an hour of candles of bronze, a day of larger ones, what differs; a batch
// of trades. Invariants: after it the candles of the range are those of bronze.trades less
// late_trades, as far as the pipeline has read the log; a second one changes nothing. Does not:
// wait for pipelines, or repair what bronze no longer holds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bybit/market.h"
#include "core/error.h"
#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "silver/repair_changes.h"
#include "silver/silver_tables.h"
#include "silver/taken_late_trades.h"

namespace tradelake::silver {

struct RepairRequest {
  std::int64_t from_us = 0, to_us = 0;  // whole minutes
  std::vector<bybit::Market> markets;   // none: all
  std::int64_t grace_us = 600'000'000;
  std::int64_t bronze_retention_us = 0, minutes_retention_us = 0;  // 0: for ever
  std::size_t most_shown = 50;                                     // differences
};

struct RepairPlan {
  RepairRequest request;
  TakenLateTrades late;
  SilverTables tables;
  std::vector<iceberg::ProgressRow> progress;
  RepairChanges changes;
  std::int64_t compared = 0;  // minutes
  std::int64_t left = 0;      // minutes that the pipeline still writes
  std::optional<std::int64_t> left_from_us = {};

  bool empty() const { return changes.empty() && late.trades() == 0; }
};

// Changes nothing. Errors: invalid_argument (bronze, or silver.candles_1m, does not hold the range;
// a market that there is not; what LogReach::compare() says), those of reading.
Result<RepairPlan> plan_repair(iceberg::Catalog& catalog, iceberg::FileIo& io,
                               const RepairRequest& request, std::int64_t now_us);

// Once: on other heads the plan would be another. Errors: fenced (the pipeline has committed
// meanwhile), conflict, not_found (others have changed the tables), unavailable, io,
// unknown_outcome.
Result<> commit_repair(iceberg::Catalog& catalog, iceberg::FileIo& io, RepairPlan& plan);

}  // namespace tradelake::silver
