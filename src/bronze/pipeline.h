// What every pipeline does: read the log from where it stands, commit when due, drain when stopped.
//
// A pipeline derives from this and says what to do with a record, when a commit is due and what
// goes into it. Threads: run() in one thread; the offsets, and what a derived class shows, from
// any, under mutex_. Invariants: consume() is called under mutex_, with each record of a partition
// once and in offset order; positions change only there and in commit(). Does not: know tables or
// rows.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "bronze/commit_summary.h"
#include "bronze/lake.h"
#include "bronze/positions.h"

namespace tradelake::bronze {

struct CommitStatus {
  CommitCounts committed;  // since the process started
  std::int64_t commits = 0;
  std::int64_t last_commit_us = 0;  // wall clock; 0: none yet
  std::int64_t last_commit_took_us = 0;
  std::int64_t delayed_commits = 0;  // attempts for which catalog or warehouse were away
};

class Pipeline {
 public:
  virtual ~Pipeline() = default;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Consumes and commits until asked to stop; then takes what is in the log already (for at most
  // `drain_us`) and commits. While catalog or warehouse are away it waits for them, reading
  // nothing. Errors: fenced, corrupt, io, unknown_outcome: the process has to stop; unavailable
  // when asked to stop meanwhile.
  Result<> run(std::stop_token stop, std::int64_t drain_us);
  // From now on, commit whenever the end of the log is reached.
  void commit_at_end() { commit_at_end_ = true; }

  // Next offset per partition that the tables have.
  std::map<log::TopicPartition, std::int64_t> committed_offsets() const;
  // Next offset per partition to be consumed.
  std::map<log::TopicPartition, std::int64_t> consumed_offsets() const;

 protected:
  Pipeline(std::string name, std::vector<std::string> topics, const Lake& lake,
           const CommitLimits& limits, std::int64_t grace_us);

  // Makes topics and tables that are missing, and takes up the positions. Errors: corrupt, io.
  Result<> prepare(const std::vector<std::pair<iceberg::Table*, iceberg::TableDefinition>>& tables);

  // One record; `topic` is its topic's number in topics_.
  virtual Result<> consume(const log::Record& record, PartitionPosition& position,
                           std::uint16_t topic) = 0;
  // Rows that the next commit would write.
  virtual std::size_t pending_rows() const = 0;
  virtual bool due();
  // Writes what is pending and the positions, or does nothing if that is not possible yet. After an
  // error of unavailable nothing of it has taken place, and it can be called again.
  virtual Result<> commit() = 0;

  // For commit(), under mutex_: what was consumed so far is in the tables.
  void committed(const std::vector<iceberg::ProgressUpdate>& updates, std::int64_t started_us);
  // Nothing to commit: the interval starts with the next record.
  void nothing_to_commit() { first_uncommitted_us_ = 0; }
  // A count that does not add up is an error of ours, and told; the rows are right all the same.
  void check_conservation() const;

  bool has_uncommitted() const { return first_uncommitted_us_ != 0; }
  bool interval_is_over() const;

  const std::string name_;
  Lake lake_;
  const CommitLimits limits_;
  const std::int64_t grace_us_;
  const std::vector<std::string> topics_;
  CommitCounts counts_;  // of what is not yet committed

  mutable std::mutex mutex_;  // for what follows; only the pipeline's thread changes it
  Positions positions_;
  CommitStatus commit_status_;

 private:
  Result<> consume_all(const log::Chunk& chunk);
  Result<> commit_when_possible(const std::stop_token& stop);

  std::unique_ptr<log::Reader> reader_;
  std::size_t uncommitted_bytes_ = 0;  // of raw frames
  std::int64_t first_uncommitted_us_ = 0;
  std::atomic<bool> commit_at_end_ = false;
};

}  // namespace tradelake::bronze
