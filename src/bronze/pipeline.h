// What every pipeline does: read the log from where it stands, commit when due, drain when stopped.
//
// Processes of one pipeline share the partitions of a log that can be shared. One that gives some
// up commits, and then reads what it keeps anew from replay-from; one whose partitions were taken
// while it stood still does so without a commit. A pipeline derives from this and says what to do
// with a record, when a commit is due and what goes into it. Instead of committing it can also
// follow: read along in all partitions, and keep what the log holds beyond what others have
// committed. A commit is sealed between two records; if the pipeline can, it is written by a thread
// of its own while the next one fills, never two at a time. Threads: run() or follow() in one
// thread; the offsets, and what a derived class shows, from any, under mutex_. Invariants:
// consume() is called under mutex_, with each record of a partition once and in offset order;
// positions change only there, where a write ends, and where a follower looks at the catalog. Does
// not: know tables or rows.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "bronze/commit_summary.h"
#include "bronze/lake.h"
#include "bronze/positions.h"
#include "core/duration_histogram.h"

namespace tradelake::bronze {

struct CommitStatus {
  CommitCounts committed;  // since the process started
  std::int64_t commits = 0;
  std::int64_t last_commit_us = 0;  // wall clock; 0: none yet
  std::int64_t last_commit_took_us = 0;
  DurationHistogram took;
  std::int64_t delayed_commits = 0;  // attempts for which catalog or warehouse were away
  bool waits = false;                // they still are: the last attempt is to be repeated
};

// A member commits its share of the partitions; a follower reads all of them and commits nothing.
enum class Role { member, follower };

class Pipeline : private log::GroupMember {
 public:
  virtual ~Pipeline() = default;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Consumes and commits until asked to stop; then takes what is in the log by then (for at most
  // `drain_us`) and commits. While catalog or warehouse are away it waits for them, reading
  // nothing. Errors: fenced, corrupt, io, unknown_outcome: the process has to stop; unavailable
  // when asked to stop meanwhile.
  Result<> run(std::stop_token stop, std::int64_t drain_us);
  // For a pipeline that was prepared as a follower: reads until asked to stop, changes nothing. The
  // tables' heads and what is in memory change together, so that a reader of both sees each row
  // once. While the catalog is away it goes on with what it knows. Errors: those of run().
  Result<> follow(std::stop_token stop);
  // From now on, commit whenever the end of the log is reached.
  void commit_at_end() { commit_at_end_ = true; }

  const std::string& name() const { return name_; }
  // Whether the partition is of a topic of this pipeline, in this process or another.
  bool reads(const log::TopicPartition& where) const;

  // Next offset per partition that the tables have.
  std::map<log::TopicPartition, std::int64_t> committed_offsets() const;
  // Next offset per partition to be consumed.
  std::map<log::TopicPartition, std::int64_t> consumed_offsets() const;

 protected:
  // How write() is called: beside consume(), or before the next record.
  enum class Writing { overlapped, in_turn };

  Pipeline(std::string name, std::vector<std::string> topics, const Lake& lake,
           const CommitLimits& limits, std::int64_t grace_us, Writing writing);

  // Makes topics and tables that are missing. A member joins the other processes of this pipeline,
  // if the log can be shared; the partitions may come only with run(). Errors: corrupt, io.
  Result<> prepare(const std::vector<std::pair<iceberg::Table*, iceberg::TableDefinition>>& tables,
                   Role role);

  // One record; `topic` is its topic's number in topics_.
  virtual Result<> consume(const log::Record& record, PartitionPosition& position,
                           std::uint16_t topic) = 0;
  // The partition is this process's from now on, and read from next_offset. Under mutex_.
  virtual void taken(const PartitionPosition& position) = 0;
  // What is not committed, sealed or not, will be read again: back to the state before the first
  // record. Under mutex_.
  virtual void forget() = 0;
  // Of a follower, under mutex_: heads and positions say what others have committed by now, which
  // need not be in memory any more.
  virtual void drop_committed() = 0;
  // Of a follower, after that: what takes longer than readers should wait.
  virtual Result<> settle() { return {}; }
  // Of a follower: whether there is room in memory for more of the log.
  virtual bool has_room() const = 0;
  // Rows that the next commit would write.
  virtual std::size_t pending_rows() const = 0;
  virtual bool due();
  // Takes what is pending, and how far it reaches, out of the way of consume(); begin_batch() is
  // called then. False: there is nothing to commit, or it cannot be yet. No write() is under way.
  // After an error of unavailable it can be called again.
  virtual Result<bool> seal() = 0;
  // What was sealed into the tables. After an error of unavailable or conflict nothing of it has
  // taken place, and it can be called again.
  virtual Result<> write() = 0;

  // For seal(), under mutex_: what is consumed from now on belongs to the next commit.
  void begin_batch();
  // For write(), under mutex_: what was sealed is in the tables.
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
  CommitCounts counts_;         // of what is not yet sealed
  CommitCounts sealed_counts_;  // of what is sealed and not yet committed

  mutable std::mutex mutex_;  // for what follows; only the pipeline's thread changes it
  Positions positions_;
  CommitStatus commit_status_;

 private:
  Result<std::map<log::TopicPartition, std::int64_t>> take(
      std::span<const log::TopicPartition> partitions) override;
  void give_up(std::span<const log::TopicPartition> partitions, bool lost) override;

  Result<> run_until(const std::stop_token& stop, std::int64_t drain_us);
  Result<log::Chunk> next();
  Result<> load(std::span<const log::TopicPartition> partitions);
  Result<> take_all();
  Result<> look();
  struct Heads {
    std::vector<iceberg::Table> tables;  // as tables_
    std::vector<iceberg::ProgressRow> progress;
  };
  Result<Heads> read_heads();
  Result<Heads> heads_of(std::span<const iceberg::TableIdent> names,
                         const iceberg::CatalogCut& cut) const;
  void install(Heads heads);
  Result<> restart();
  Result<> keep_up();
  Result<> refresh_tables();
  void take_tables(std::vector<iceberg::Table> heads);  // under mutex_
  Result<> hold();
  std::unexpected<Error> given_to_spark() const;
  Result<> check_heads();
  Result<> consume_all(const log::Chunk& chunk);
  Result<> drain(const std::stop_token& stop, std::int64_t deadline_us);
  // Everything that was in the log then is consumed, or in the tables.
  bool at_end(const std::map<log::TopicPartition, log::OffsetRange>& ends);
  Result<> commit(const std::stop_token& stop);
  Result<> commit_now(const std::stop_token& stop);
  Result<bool> seal_when_possible(const std::stop_token& stop);
  Result<> write_when_possible(const std::stop_token& stop);
  void note_delay(const Error& error);
  void end_write();
  bool write_has_ended() const;
  Result<> heed(const std::stop_token& stop);
  void note_waiting(bool waits);
  // Calls `work` until it is something other than unavailable, or the process has to stop.
  Result<> when_available(const char* what, const std::stop_token& stop,
                          const std::function<Result<>()>& work);

  static constexpr std::chrono::milliseconds poll_wait{50};
  static constexpr int max_looks = 5;  // at heads that others move

  const Writing writing_how_;
  std::future<Result<>> writing_;    // a write under way
  std::optional<Result<>> written_;  // what became of the last one, if it was not heeded yet
  std::vector<iceberg::Table*> tables_;
  std::stop_token stop_;  // of run()
  bool running_ = false;
  bool restart_ = false;  // partitions were given up: what is in memory may be of them
  std::unique_ptr<iceberg::PipelineHold> hold_;  // of a member, where Spark can come
  std::unique_ptr<log::Reader> reader_;
  std::size_t uncommitted_bytes_ = 0;  // of raw frames
  std::int64_t first_uncommitted_us_ = 0;
  std::int64_t next_look_us_ = 0;  // at the heads, of a member
  std::atomic<bool> commit_at_end_ = false;
};

}  // namespace tradelake::bronze
