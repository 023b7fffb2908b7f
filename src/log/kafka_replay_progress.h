// How far a source has been taken, and by whom, as the compacted topic of replays tells.
//
// Records there: "SOURCE/TOPIC/PARTITION" -> the greatest n taken, written in the transaction of
// the records it counts; "SOURCE/owner" -> the name that the last writer gave itself. Threads: one.
// Invariant: what a read gives includes everything that was committed before it began, also behind
// other writers' open transactions. Internal to src/log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "log/kafka_client.h"
#include "log/log.h"

namespace tradelake::log {

struct ReplayState {
  std::map<TopicPartition, std::int64_t> taken;
  std::string owner;
};

std::string progress_key(std::string_view source, const TopicPartition& where);
std::string owner_key(std::string_view source);

class ReplayProgressReader {
 public:
  // `client` reads uncommitted, for the offsets.
  ReplayProgressReader(const KafkaAddress& address, KafkaClient& client, std::string source)
      : address_(address), client_(client), source_(std::move(source)) {}

  // Errors: unavailable (not at the end by then: call again, it goes on from there), io, corrupt.
  Result<ReplayState> read(std::chrono::steady_clock::time_point deadline);

 private:
  Result<> start();
  Result<> take(const Record& record);

  KafkaAddress address_;
  KafkaClient& client_;
  std::string source_;
  std::unique_ptr<Reader> reader_;  // while a read is under way
  std::int64_t next_ = 0, end_ = 0;
  ReplayState state_;
};

}  // namespace tradelake::log
