// What one commit of the candles pipeline writes: sealed once, written until it is in the tables.
//
// Threads: one. Does not: decide what is due (Emission, Rollup), or tell the books afterwards.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bronze/lake.h"
#include "iceberg/action.h"
#include "iceberg/progress.h"
#include "iceberg/transaction.h"
#include "silver/coverage_gaps.h"
#include "silver/emission.h"
#include "silver/late_trades.h"
#include "silver/rollup.h"
#include "silver/silver_tables.h"

namespace tradelake::silver {

struct SealedCommit {
  Emission minutes;
  LargerChanges larger;
  Watermarks watermarks;
  std::string commit_id;
  std::vector<iceberg::ProgressUpdate> updates;
  std::int64_t at_us = 0;

  // Of all intervals, as stored_intervals.
  std::vector<const CandleChange*> changes() const;
  bool has_candles() const;
  std::size_t null_sums() const;
};

// What changes in the tables of all intervals, as stored_intervals, and what candle_revisions is
// told of it. Errors: those of CandleChange::action().
Result<> add_candles(iceberg::Transaction& transaction,
                     std::span<const CandleChange* const> changes,
                     const iceberg::SnapshotNote& note, SilverTables& tables);

// Rows that go along, and what they are told by.
struct BesideCandles {
  const LateTrades& late;
  const CoverageGaps& gaps;
  bronze::MarketNames markets;
  const std::vector<std::string>& topics;
};

// All tables and the pipeline's progress in one transaction; `tables` become the new heads. Errors:
// those of Transaction::commit() and of plan_rewrite().
Result<> write(const SealedCommit& sealed, const BesideCandles& beside, const std::string& pipeline,
               const iceberg::SnapshotNote& note, const bronze::Lake& lake, SilverTables& tables);

}  // namespace tradelake::silver
