// The declared topics (topic.h) held against those of a broker, for whoever looks after it.
//
// Threads: functions; block for some seconds at most. Does not: delete a topic or change its
// partitions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/kafka_address.h"

namespace tradelake::log {

struct TopicDrift {
  std::string setting;
  std::string declared, actual;
};

struct TopicState {
  std::string name;
  bool missing = false;
  std::int32_t declared_partitions = 0, partitions = 0;
  std::vector<TopicDrift> drift;

  bool as_declared() const {
    return !missing && partitions == declared_partitions && drift.empty();
  }
};

// Errors: unavailable, io, corrupt.
Result<std::vector<TopicState>> compare_topics(const KafkaAddress& address);

// Makes what is missing, and sets the settings that differ. Errors: as above.
Result<> apply_topics(const KafkaAddress& address);

}  // namespace tradelake::log
