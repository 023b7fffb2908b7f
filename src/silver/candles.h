// The candles pipeline: log -> silver.candles_1m, late_trades, candle_revisions and coverage_gaps,
// exactly once.
//
// Parts: Pipeline (reading, positions, when to commit), FrameParser (judging), IdWindow (repeats),
// Book (candles that may change), watermarks() (when to write), Emission (what to write),
// LateTrades. Threads: run() in one thread; status(), head(), live() and markets() from any.
// Invariants: one row per (category, symbol, open_time) in candles_1m; lateness depends on the log
// alone; a restart rebuilds the book from replay-from and revises nothing that did not change. Does
// not: write dead letters (bronze does) or larger candles yet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "bronze/pipeline.h"
#include "silver/book.h"
#include "silver/candle_row.h"

namespace tradelake::silver {

struct CandlesOptions {
  bronze::CommitLimits limits;
  std::int64_t grace_us = 600'000'000;
  std::size_t id_memory_bytes = std::size_t{64} << 20;
};

// committed: in = ok (candles and late trades) + filtered.
struct CandlesStatus : bronze::CommitStatus {
  std::int64_t late_trades = 0;
  std::int64_t candles_written = 0;
  std::int64_t candles_revised = 0;
  std::int64_t null_sums = 0;  // written candles with a sum that left decimal(38,18)
  std::size_t open_candles = 0;
};

class Candles : public bronze::Pipeline {
 public:
  static constexpr const char* pipeline = "silver";

  static Result<std::unique_ptr<Candles>> open(const bronze::Lake& lake,
                                               const CandlesOptions& options,
                                               bronze::Role role = bronze::Role::member);

  virtual CandlesStatus status() const = 0;

  // One consistent cut for readers: the table's head, and the candles of one market from the book.
  virtual iceberg::Table head() const = 0;
  struct LiveCandles {
    iceberg::Table head;
    std::vector<CandleRow> rows;  // open or within grace, in the order of open_time
  };
  virtual LiveCandles live(bybit::Category category, std::string_view symbol, std::int64_t from_us,
                           std::int64_t to_us) const = 0;
  struct Market {
    bybit::Category category{};
    std::string symbol;
    std::int64_t trades = 0;  // since the process started
    std::int64_t last_trade_us = 0;
    Decimal last_price;
  };
  virtual std::vector<Market> markets() const = 0;

 protected:
  using Pipeline::Pipeline;
};

}  // namespace tradelake::silver
