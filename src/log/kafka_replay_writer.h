// Frames of one replayed source into Kafka, each once: every batch is a transaction together with
// how far it takes the source.
//
// The transactional id is made from the source, so a new writer ends what an older one had under
// way. Then it writes its own name as the owner, and reads how far the source is. Whatever breaks a
// transaction (a time-out, a producer that became unusable, an answer to the commit that was lost),
// the producer is thrown away and all that is done again; what turns out to be in the log already
// is not sent a second time. If the owner is no longer this writer, another one has taken over:
// fenced. Nothing is ever aborted by hand: the next initialisation does it (and librdkafka 2.0 can
// end up unusable after an abort right behind a produce). Threads: one. Internal to src/log.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/kafka_live_writer.h"
#include "log/kafka_producer.h"
#include "log/kafka_replay_progress.h"

namespace tradelake::log {

class KafkaReplayWriter {
 public:
  KafkaReplayWriter(const KafkaAddress& address, KafkaClient& client, const TopicNames& topics,
                    std::string source);

  const std::string& source() const { return source_; }
  // As Writer::source_progress() and Writer::append() of this source.
  Result<std::map<TopicPartition, std::int64_t>> progress();
  Result<> append(std::span<const NewRecord> records);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  enum class Stage { closed, initialising, claiming, reading, idle, sending, committing };

  // Until the step is done, or for about a second. An unavailable step is tried again.
  template <class Step>
  Result<> keep_trying(Step step);
  Result<> open(Deadline deadline);
  Result<> append_once(std::span<const NewRecord> records, Deadline deadline);
  Result<> begin(std::span<const NewRecord> records);
  Result<> send();
  // What was handed over, all of it or nothing.
  Result<> commit(Deadline deadline);
  Result<> check_owner(const ReplayState& state) const;
  // An answer of librdkafka's transaction calls: nothing, unavailable (call again), or the end of
  // this producer.
  Result<> outcome(struct rd_kafka_error_s* error);
  void close();

  KafkaAddress address_;
  TopicNames topics_;
  std::string source_;
  std::string owner_;
  ReplayProgressReader progress_reader_;
  Deliveries deliveries_;  // outlives the producer, which reports to it
  std::unique_ptr<KafkaProducer> producer_;
  Stage stage_ = Stage::closed;
  bool claimed_ = false;  // the owner has been this writer
  std::map<TopicPartition, std::int64_t> taken_;

  // Of the batch under way:
  std::span<const NewRecord> batch_;
  bool batch_open_ = false;
  std::vector<std::size_t> wanted_;  // numbers of its records that are not in the log
  std::map<TopicPartition, std::int64_t> takes_to_;
  std::size_t next_ = 0;  // of wanted_, and after them of takes_to_
};

}  // namespace tradelake::log
