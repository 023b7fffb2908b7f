// The log in Kafka. Topics are those that ensure_topics() was called for; retention is the
// broker's.
//
// Beside it: kafka_live_writer and kafka_replay_writer (the two ways in), kafka_reader (the way
// out), kafka_topics and kafka_metadata (declared and actual topics), kafka_offsets.
#pragma once

#include <memory>
#include <string>

#include "log/log.h"

namespace tradelake::log {

// `address` is kafka://host:port[,host:port]. Connects when it is first used. Errors:
// invalid_argument, io.
Result<std::unique_ptr<Log>> open_kafka_log(const std::string& address);

}  // namespace tradelake::log
