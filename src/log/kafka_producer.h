// A producer of records, and what became of the records of one batch.
//
// Threads: one. Invariants: hand_over() copies, so the record may go; a record's state changes only
// inside serve() and flush(). Does not: decide what to do about failures. Internal to src/log.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "log/kafka_client.h"
#include "log/record.h"

struct rd_kafka_topic_s;

namespace tradelake::log {

enum class Delivery : std::uint8_t { waiting, handed_over, durable };

// The records of a batch by number.
class Deliveries : public DeliveryReports {
 public:
  void begin(std::size_t records);
  // What was handed over and not reported durable waits again.
  void forget_handed_over();
  void handed_over(std::size_t index) { states_[index] = Delivery::handed_over; }
  void delivered(std::size_t index, int error) override;

  Delivery state(std::size_t index) const { return states_[index]; }
  bool all_durable() const { return durable_ == states_.size(); }
  // Some record was refused since begin(): it waits again.
  bool any_failed() const { return last_error_ != 0; }
  int last_error() const { return last_error_; }
  void forget_errors() { last_error_ = 0; }

 private:
  std::vector<Delivery> states_;
  std::size_t durable_ = 0;
  int last_error_ = 0;
};

class KafkaProducer {
 public:
  static Result<std::unique_ptr<KafkaProducer>> open(const KafkaAddress& address,
                                                     const KafkaSettings& settings,
                                                     std::string name, Deliveries& deliveries);
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // Record number `index` to its partition; false: the queue is full, serve() first. Errors: io.
  Result<bool> hand_over(const NewRecord& record, std::string_view source, std::size_t index);
  // A plain key and value, to partition 0 of the topic.
  Result<bool> hand_over(std::string_view topic, std::string_view key, std::string_view value,
                         std::size_t index);
  void serve(std::chrono::milliseconds wait);
  // Sends without lingering; until all is reported or the time is over.
  void flush(std::chrono::milliseconds wait);
  // What is still in the queue or on its way gets a report, negative unless it came through.
  void give_up();

  // The state from which only another producer helps, or empty.
  std::string fatal_error() const;
  rd_kafka_s* get() const { return client_->get(); }

 private:
  explicit KafkaProducer(std::unique_ptr<KafkaClient> client) : client_(std::move(client)) {}
  rd_kafka_topic_s* topic(std::string_view name);

  std::unique_ptr<KafkaClient> client_;
  std::map<std::string, rd_kafka_topic_s*, std::less<>> topics_;
};

// Errors of a record that no repetition would cure: too large, not allowed, no such topic.
bool is_permanent(int code);
bool names_a_missing_topic(int code);

}  // namespace tradelake::log
