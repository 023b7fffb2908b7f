// A handle of librdkafka: made from settings, ended with its object. Its log lines and troubles
// become our events, once per outage rather than once per attempt.
//
// librdkafka reconnects by itself, for ever. Threads: it has threads of its own, which only log;
// everything else is called back from the thread that polls. Ending takes two seconds at most. Does
// not: hold secrets.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "log/kafka_address.h"

struct rd_kafka_s;
struct rd_kafka_error_s;
struct rd_kafka_topic_partition_list_s;

namespace tradelake::log {

// What became of a record that was handed to a producer.
class DeliveryReports {
 public:
  virtual ~DeliveryReports() = default;
  // `error` is Kafka's code, 0 for a record that is durable.
  virtual void delivered(std::size_t index, int error) = 0;
};

// What a member of a consumer group is told, in the thread that polls. It has to answer with an
// incremental (un)assignment.
class Rebalances {
 public:
  virtual ~Rebalances() = default;
  virtual void rebalance(int code, rd_kafka_topic_partition_list_s* partitions) = 0;
};

// Says once that the brokers are away, and once that they are back.
class Reachability {
 public:
  explicit Reachability(std::string client) : client_(std::move(client)) {}
  const std::string& client() const { return client_; }
  bool away() const { return away_.load(std::memory_order_relaxed); }
  void lost(std::string_view reason);
  void found() {
    if (away_.load(std::memory_order_relaxed)) say_found();
  }

 private:
  void say_found();
  std::string client_;
  std::atomic<bool> away_ = false;
};

using KafkaSettings = std::vector<std::pair<const char*, std::string>>;

class KafkaClient {
 public:
  enum class Role { producer, consumer };

  // `name` says in events which part of the program it is. Errors: io (librdkafka refuses).
  static Result<std::unique_ptr<KafkaClient>> open(Role role, const KafkaAddress& address,
                                                   const KafkaSettings& settings, std::string name,
                                                   DeliveryReports* reports = nullptr,
                                                   Rebalances* rebalances = nullptr);
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  // A member of a group is closed, within two seconds or else left behind, but never destroyed:
  // librdkafka 2.0 fails an assertion in it when the member was never its group's leader. Readers
  // in groups live as long as the process.
  static void leave_group(std::unique_ptr<KafkaClient> client);

  rd_kafka_s* get() const { return handle_; }
  Reachability& reachability() { return reachability_; }
  DeliveryReports* reports() const { return reports_; }
  Rebalances* rebalances() const { return rebalances_; }

 private:
  KafkaClient(std::string name, DeliveryReports* reports, Rebalances* rebalances)
      : reachability_(std::move(name)), reports_(reports), rebalances_(rebalances) {}

  // Runs it in a thread; false, and told, if that takes too long.
  bool ends_in_time(std::function<void()> work) const;

  Reachability reachability_;
  DeliveryReports* reports_;
  Rebalances* rebalances_;
  rd_kafka_s* handle_ = nullptr;
};

// "Broker: Unknown topic or partition".
std::string kafka_text(int code);

}  // namespace tradelake::log
