// The bronze pipeline: log -> bronze.trades, bronze.dead_letters and bronze.klines, exactly once.
//
// Parts: Pipeline (reading, positions, when to commit), FrameParser and KlineParser (judging),
// IdWindow and OldTrades (repeats), TradeBatch (columns), table files, Transaction (one commit for
// all tables and the progress rows). Threads: run() in one thread; status() and view() from any.
// Invariants: in = ok + dead + filtered at every commit, of trades alone: klines are counted apart;
// nothing is forgotten before it is committed. Does not: read sockets, route frames, or know our
// own candles. A follower keeps no klines: nobody asks it for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "bronze/klines.h"
#include "bronze/pipeline.h"
#include "bronze/trade_batch.h"

namespace tradelake::bronze {

struct SinkOptions {
  CommitLimits limits;
  std::int64_t grace_us = 600'000'000;
  std::size_t id_memory_bytes = std::size_t{64} << 20;
  int zstd_level = 1;
  // Of bronze.trades; 0: for ever. A live trade of a partition that retention has removed, or may
  // any moment, is filtered: its repeat could not be told any more.
  std::int64_t retention_us = 0;
};

struct SinkStatus : CommitStatus {
  std::size_t uncommitted_rows = 0;
  std::int64_t consumed_records = 0;
  std::map<std::string, std::int64_t> dead_by_reason;  // committed ones
  KlineCounts klines;                                  // the same
};

class Sink : public Pipeline {
 public:
  static constexpr const char* pipeline = "bronze";

  // Makes the tables if they are missing; a member checks them against the progress rows. Errors:
  // corrupt, io.
  static Result<std::unique_ptr<Sink>> open(const Lake& lake, const SinkOptions& options,
                                            Role role = Role::member);

  virtual SinkStatus status() const = 0;

  // One consistent cut for readers: the table's head, and good trades consumed after it.
  using View = std::function<void(const iceberg::Table& trades,
                                  std::span<const TradeBatch* const> uncommitted,
                                  const MarketTable& markets)>;
  virtual void view(const View& see) const = 0;

 protected:
  using Pipeline::Pipeline;
};

}  // namespace tradelake::bronze
