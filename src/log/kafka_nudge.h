// Wakes librdkafka's fetching thread. Once its queue was full it looks again after a second, or
// when it is asked for something else (its issue 2879); so it is asked for something.
//
// Threads: one of its own, since the answer takes as long as what is being fetched; ask() from any.
// Does not: outlive the handle it was made with. Internal to src/log.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "log/record.h"

struct rd_kafka_s;

namespace tradelake::log {

class KafkaNudge {
 public:
  explicit KafkaNudge(rd_kafka_s* handle);

  // Asks the broker that leads the partition; a question that is under way is enough.
  void ask(TopicPartition where);

 private:
  void serve(const std::stop_token& stop);

  rd_kafka_s* handle_;
  std::mutex mutex_;
  std::condition_variable_any asked_;
  std::optional<TopicPartition> where_;
  std::jthread thread_;  // the last: it uses the others
};

}  // namespace tradelake::log
