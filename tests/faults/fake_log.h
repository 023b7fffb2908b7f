// A log in memory that outlives the "processes" which use it: topics with ids, partitions, offsets
// with gaps as Kafka's transaction markers leave them, sources of replays, groups of readers.
//
// Threads: any; a Reader or Writer belongs to one at a time. Invariants: those of log/log.h.
// poll() waits for nothing: what is not there yet does not come by itself. Does not: fail; that is
// faulty_log.h's part.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faults/fake_group.h"
#include "log/log.h"

namespace tradelake::faults {

struct FakeLogOptions {
  bool shares = false;   // readers share the partitions of their group
  std::int64_t gap = 0;  // offsets without a record after each append
  std::size_t replay_batch_bytes = 2'000;
};

class FakeLog final : public log::Log {
 public:
  struct Stored {
    std::int64_t offset = 0;
    log::Headers headers;  // its views are kept below
    std::string category, conn, key, value;
  };

  explicit FakeLog(FakeLogOptions options) : options_(options) {}

  Result<> ensure_topics(std::span<const std::string> names) override;
  Result<std::vector<log::TopicInfo>> topics() override;
  Result<std::map<log::TopicPartition, log::OffsetRange>> offsets() override;
  Result<std::unique_ptr<log::Writer>> writer() override;
  std::size_t replay_batch_bytes() const override { return options_.replay_batch_bytes; }
  Result<std::unique_ptr<log::Reader>> reader() override;
  Result<> trim(std::int64_t, const std::map<log::TopicPartition, std::int64_t>&) override {
    return {};
  }

  // For whoever judges.
  const std::vector<Stored>& records(const log::TopicPartition& where) const {
    return partitions_.at(where).records;
  }
  // Every member of every group stands still for longer than its session.
  void expire_members();

 private:
  friend class FakeReader;
  friend class FakeWriter;
  struct Partition {
    std::vector<Stored> records;
    std::int64_t end = 0;
  };
  struct Group {
    FakeGroup members;
    std::vector<int> present;
  };

  const FakeLogOptions options_;
  mutable std::mutex mutex_;  // for what follows
  std::map<std::string, std::string> topic_ids_;
  std::map<log::TopicPartition, Partition> partitions_;
  std::map<std::string, std::map<log::TopicPartition, std::int64_t>, std::less<>> sources_;
  std::map<std::string, int, std::less<>> owners_;  // of sources: the writer's number
  int writers_ = 0;
  std::map<std::string, Group> groups_;
};

}  // namespace tradelake::faults
