// The bronze pipeline: log -> bronze.trades and bronze.dead_letters, exactly once.
//
// Parts: Positions (where we are), FrameParser (judging), IdWindow and OldTrades (repeats),
// TradeBatch (columns), Transaction (one commit for both tables and the progress rows). Threads:
// run() in one thread; status(), uncommitted() and trades_table() from any. Invariants: in = ok +
// dead + filtered at every commit; nothing is forgotten before it is committed. Does not: read
// sockets, route frames, or know candles.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "bronze/commit_summary.h"
#include "bronze/lake.h"
#include "bronze/trade_batch.h"

namespace tradelake::bronze {

struct SinkOptions {
  CommitLimits limits;
  std::int64_t grace_us = 600'000'000;
  std::size_t id_memory_bytes = std::size_t{64} << 20;
  int zstd_level = 1;
};

struct SinkStatus {
  CommitCounts committed;  // since the process started
  std::int64_t commits = 0;
  std::int64_t last_commit_us = 0;  // wall clock; 0: none yet
  std::int64_t last_commit_took_us = 0;
  std::size_t uncommitted_rows = 0;
  std::int64_t consumed_records = 0;
  std::map<std::string, std::int64_t> dead_by_reason;
};

class Sink {
 public:
  static constexpr const char* pipeline = "bronze";

  // Makes the tables if they are missing, checks them against the progress rows. Errors: corrupt,
  // io.
  static Result<std::unique_ptr<Sink>> open(const Lake& lake, const SinkOptions& options);
  virtual ~Sink() = default;

  // Consumes and commits until asked to stop; then takes what is in the log already (for at most
  // `drain_us`) and commits. Errors: fenced, corrupt, io, unknown_outcome: the process has to stop.
  virtual Result<> run(std::stop_token stop, std::int64_t drain_us) = 0;

  // From now on, commit whenever the end of the log is reached.
  virtual void commit_at_end() = 0;
  // Next offset per partition that the tables have.
  virtual std::map<log::TopicPartition, std::int64_t> committed_offsets() const = 0;
  virtual std::map<log::TopicPartition, std::int64_t> consumed_offsets() const = 0;
  virtual SinkStatus status() const = 0;

  // One consistent cut for readers: the table's head, and good trades consumed after it.
  using View = std::function<void(const iceberg::Table& trades, const TradeBatch& uncommitted,
                                  const MarketTable& markets)>;
  virtual void view(const View& see) const = 0;
};

}  // namespace tradelake::bronze
