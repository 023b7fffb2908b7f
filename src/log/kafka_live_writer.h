// Live frames into Kafka: idempotent, acknowledged by all replicas, any number in flight.
//
// A batch that is not wholly reported durable within a second ends in unavailable and stays open:
// its records are in librdkafka's queue, which goes on trying for as long as it takes and keeps
// them from being doubled. The next append() of the same batch hands over only what is not there
// yet, and waits on. Only after a fatal error of the producer (the broker has forgotten its
// numbers, as after losing data) another one sends again what has no positive report: what the
// broker stored without an answer is then there twice, which readers drop as a repeat. Threads:
// one. Internal to src/log.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>

#include "core/error.h"
#include "log/kafka_address.h"
#include "log/kafka_producer.h"
#include "log/record.h"

namespace tradelake::log {

using TopicNames = std::set<std::string, std::less<>>;

// Errors: invalid_argument with the first topic that is not among them.
Result<> check_topics(std::span<const NewRecord> records, const TopicNames& topics);

class KafkaLiveWriter {
 public:
  KafkaLiveWriter(const KafkaAddress& address, const TopicNames& topics)
      : address_(address), topics_(topics) {}

  // As Writer::append() without a source.
  Result<> append(std::span<const NewRecord> records);

 private:
  Result<> begin(std::span<const NewRecord> records);
  Result<> hand_over();
  Result<> look_at_failures();
  void replace_producer(std::string_view reason);

  KafkaAddress address_;
  TopicNames topics_;
  Deliveries deliveries_;  // outlives the producer, which reports to it
  std::unique_ptr<KafkaProducer> producer_;
  std::span<const NewRecord> batch_;
  bool open_ = false;     // batch_ has not ended yet
  std::size_t next_ = 0;  // all before it were handed over at least once
};

}  // namespace tradelake::log
