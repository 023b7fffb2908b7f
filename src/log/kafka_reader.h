// Reads a Kafka log: committed records only, from offsets that the caller gives.
//
// No stored offsets: who reads knows where it stands. With join() the partitions are shared with
// the group's other members (cooperative-sticky). While the brokers are away polls
// come back empty; reading goes on by itself. Threads: one. Invariants: each record of a partition
// once and in offset order; memory is bounded (librdkafka's queue, one fetch, one batch).
#pragma once

#include <memory>

#include "core/error.h"
#include "log/kafka_address.h"
#include "log/log.h"

namespace tradelake::log {

Result<std::unique_ptr<Reader>> open_kafka_reader(const KafkaAddress& address);

}  // namespace tradelake::log
