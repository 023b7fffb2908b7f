// The candles pipeline: log -> silver.candles_1m, _5m, _1h, _4h, _1d, late_trades, candle_revisions
// and coverage_gaps, exactly once.
//
// Parts: Pipeline (reading, positions, when to commit), FrameParser (judging), IdWindow (repeats),
// Books (minutes that may change), Rollup (larger candles that may), watermarks() (when to write),
// Emission (what to write), StoredCandles (what a restart finds), SealedCommit (writing it),
// LateTrades. Threads: run() in one thread; status(), head(), live() and markets() from any.
// Invariants: one row per (category, symbol, open_time) in each candle table; in every snapshot a
// larger candle is the merge of the minutes of the same commit; lateness depends on the log alone;
// a restart rebuilds the books from replay-from and revises nothing that did not change. Does not:
// write dead letters (bronze does).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "bronze/pipeline.h"
#include "silver/book.h"
#include "silver/candle_row.h"
#include "silver/coverage_gaps.h"
#include "silver/market_list.h"

namespace tradelake::silver {

struct CandlesOptions {
  bronze::CommitLimits limits;
  std::int64_t grace_us = 600'000'000;
  std::size_t id_memory_bytes = std::size_t{64} << 20;
};

// committed: in = ok (candles and late trades) + filtered.
struct CandlesStatus : bronze::CommitStatus {
  std::int64_t late_trades = 0;
  std::int64_t candles_written = 0;  // minutes, as the next
  std::int64_t candles_revised = 0;
  std::int64_t null_sums =
      0;  // written candles of any interval with a sum that left decimal(38,18)
  std::size_t open_candles = 0;
};

class Candles : public bronze::Pipeline {
 public:
  static constexpr const char* pipeline = "silver";

  static Result<std::unique_ptr<Candles>> open(const bronze::Lake& lake,
                                               const CandlesOptions& options,
                                               bronze::Role role = bronze::Role::member);

  virtual CandlesStatus status() const = 0;

  // The head of the minutes' table.
  virtual iceberg::Table head() const = 0;
  // One consistent cut for readers: the heads of the minutes' table, of that of one of
  // stored_intervals and of the gaps', and what is not in them yet of one market.
  struct LiveCandles {
    iceberg::Table minutes, larger;  // the same if the interval is the minute
    iceberg::Table gaps;
    std::vector<CandleRow> rows;  // minutes, open or within grace, in the order of open_time
    std::vector<CoverageGap> uncommitted_gaps;
  };
  virtual LiveCandles live(std::size_t interval, bybit::Category category, std::string_view symbol,
                           std::int64_t from_us, std::int64_t to_us) const = 0;
  // Those that had trades since the process started.
  using Market = SeenMarket;
  virtual std::vector<Market> markets() const = 0;

 protected:
  using Pipeline::Pipeline;
};

}  // namespace tradelake::silver
