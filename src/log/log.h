// The log: ordered, durable records in topics and partitions. Kafka, or a local file with the same
// notions, so that a pipeline cannot tell them apart.
//
// Threads: Log may be used from any thread; a Reader or Writer belongs to one thread at a time.
// Invariants: append() returns after its records are durable, all of them or none; within a
// partition offsets are consecutive and never reused, not even after retention.
// Does not: know what is in a frame.
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

// Records of one partition in offset order.
struct Chunk {
  TopicPartition where;
  std::vector<Record> records;
  std::int64_t next_offset = 0;
  std::shared_ptr<const void> memory;  // what the views in `records` point to
};

struct OffsetRange {
  std::int64_t start = 0;  // the oldest one kept
  std::int64_t end = 0;    // the next one to be given out
};

class Writer {
 public:
  virtual ~Writer() = default;
  // `source` names the replayed file by content, or is empty. The greatest source_n per partition
  // is stored with the records. Errors: io (nothing was appended), corrupt.
  virtual Result<> append(std::span<const NewRecord> records, std::string_view source) = 0;
  // How far each partition has taken this source. Empty: never seen.
  virtual Result<std::map<TopicPartition, std::int64_t>> source_progress(
      std::string_view source) = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;
  // The next offset to read per partition; replaces what was assigned before.
  virtual void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) = 0;
  // The next records of one of the partitions, taken in turn; a chunk without records if none came
  // within the time. Errors: io, corrupt, not_found (the offset is older than what is kept).
  virtual Result<Chunk> poll(std::chrono::milliseconds wait) = 0;
};

class Log {
 public:
  virtual ~Log() = default;
  virtual Result<> ensure_topics(std::span<const std::string> names) = 0;
  virtual Result<std::vector<TopicInfo>> topics() = 0;
  virtual Result<std::map<TopicPartition, OffsetRange>> offsets() = 0;
  virtual Result<std::unique_ptr<Writer>> writer() = 0;
  virtual Result<std::unique_ptr<Reader>> reader() = 0;
  // Forgets records appended before the time, but none at or beyond `keep_from` of its partition.
  virtual Result<> trim(std::int64_t appended_before_us,
                        const std::map<TopicPartition, std::int64_t>& keep_from) = 0;
};

}  // namespace tradelake::log
