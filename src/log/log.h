// The log: ordered, durable records in topics and partitions. Kafka, or a local file with the same
// notions, so that a pipeline cannot tell them apart.
//
// Threads: Log may be used from any thread; a Reader or Writer belongs to one thread at a time.
// Invariants: append() succeeds after its records are durable; within a partition offsets rise and
// are never reused, not even after retention. They need not be consecutive: in Kafka the markers of
// transactions take up some too. Does not: know what is in a frame.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/record.h"

namespace tradelake::log {

struct TopicInfo {
  std::string name;
  std::string id;  // another one after the topic was deleted and made again
  std::int32_t partitions = 0;
};

// Records of one partition in offset order, and where to go on: beyond the last record, and maybe
// beyond offsets without one, so a chunk can move on without any record. With an empty `where` it
// is nothing at all.
struct Chunk {
  TopicPartition where;
  std::vector<Record> records;
  std::int64_t next_offset = 0;
  std::shared_ptr<const void> memory;  // what the views in `records` point to
};

struct OffsetRange {
  std::int64_t start = 0;  // the oldest one kept
  std::int64_t end = 0;    // the next one to be given out; a reader that is at the end reaches it
};

class Writer {
 public:
  virtual ~Writer() = default;
  // `source` names the replayed file by content, or is empty. The greatest source_n per partition
  // is stored with the records. With a source, and in the local log always, they are appended all
  // or none. Errors: unavailable (not all of it is durable yet, after a second or so: call again
  // with the very same span, its records unchanged, until it ends otherwise, or drop the writer),
  // fenced (another writer has taken over the source), invalid_argument (an undeclared topic;
  // nothing was appended), io (of live records, some may be in the log), corrupt.
  virtual Result<> append(std::span<const NewRecord> records, std::string_view source) = 0;
  // How far each partition has taken this source. Empty: never seen. From then on the source is
  // this writer's: an earlier one gets fenced. Errors: unavailable (call again), fenced, io,
  // corrupt.
  virtual Result<std::map<TopicPartition, std::int64_t>> source_progress(
      std::string_view source) = 0;
};

// A member of a group that shares topics: each partition is one member's at a time. Its calls come
// inside join() and poll() of its reader, in that thread.
class GroupMember {
 public:
  virtual ~GroupMember() = default;
  // These are the member's from now on. Returns the next offset to read of each.
  virtual Result<std::map<TopicPartition, std::int64_t>> take(
      std::span<const TopicPartition> partitions) = 0;
  // These will be another member's when this returns, or already are (`lost`).
  virtual void give_up(std::span<const TopicPartition> partitions, bool lost) = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;
  // Reads the topics together with the other readers of the group, instead of what was assigned;
  // leaves it when destroyed. A local log has one member: it gets everything at once. Errors: those
  // of take(), which then also come from poll().
  virtual Result<> join(const std::string& group, std::span<const std::string> topics,
                        GroupMember& member) = 0;
  // Goes on elsewhere in partitions that are the member's.
  virtual void seek(const std::map<TopicPartition, std::int64_t>& next_offsets) = 0;
  // For the lag tools of the log: how far the tables are. Nobody starts from it.
  virtual void tell_committed(const std::map<TopicPartition, std::int64_t>& next_offsets) = 0;
  // Whether partitions may move to other members of a group.
  virtual bool shares() const = 0;
  // The next offset to read per partition; replaces what was assigned before.
  virtual void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) = 0;
  // The next records of one of the partitions, taken in turn; an empty chunk if none came within
  // the time. Errors: io, corrupt (also: the topic is gone), not_found (the offset is older than
  // what is kept, or not given out).
  virtual Result<Chunk> poll(std::chrono::milliseconds wait) = 0;
};

// Each of these may also end in unavailable, of a log that is elsewhere.
class Log {
 public:
  virtual ~Log() = default;
  // Makes what is missing. Errors: io, corrupt (a topic has another number of partitions).
  virtual Result<> ensure_topics(std::span<const std::string> names) = 0;
  virtual Result<std::vector<TopicInfo>> topics() = 0;
  virtual Result<std::map<TopicPartition, OffsetRange>> offsets() = 0;
  virtual Result<std::unique_ptr<Writer>> writer() = 0;
  // How much a replay that need not wait should append at once.
  virtual std::size_t replay_batch_bytes() const { return 1 << 20; }
  virtual Result<std::unique_ptr<Reader>> reader() = 0;
  // Forgets records appended before the time, but none at or beyond `keep_from` of its partition;
  // does nothing where the log's own retention does it.
  virtual Result<> trim(std::int64_t appended_before_us,
                        const std::map<TopicPartition, std::int64_t>& keep_from) = 0;
};

}  // namespace tradelake::log
