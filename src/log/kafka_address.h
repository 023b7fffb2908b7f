// Where a Kafka cluster is: kafka://host:port[,host:port].
//
// Threads: values. Does not: connect or resolve names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace tradelake::log {

inline constexpr std::string_view kafka_scheme = "kafka://";

struct KafkaBroker {
  std::string host;
  std::uint16_t port = 0;
};

struct KafkaAddress {
  std::vector<KafkaBroker> brokers;  // at least one; any of them tells the others

  std::string bootstrap() const;  // "host:port,host:port"
};

// Errors: invalid_argument, with what is allowed.
Result<KafkaAddress> parse_kafka_address(std::string_view text);

}  // namespace tradelake::log
