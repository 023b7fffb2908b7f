// Which offsets the partitions of a Kafka log have: the oldest one kept and the next one to be
// given out, of all partitions with two requests per broker.
//
// The end is the high watermark, not the last stable offset: a record that is already committed
// but stands behind somebody's open transaction is in the log, and whoever waits for the end has to
// wait for it. Threads: any, on a client that is shared. Does not: remember anything.
#pragma once

#include <map>
#include <vector>

#include "core/error.h"
#include "log/kafka_client.h"
#include "log/log.h"

namespace tradelake::log {

// `client` reads uncommitted. Errors: unavailable, not_found (a partition that is not there).
Result<std::map<TopicPartition, OffsetRange>> query_offsets(
    KafkaClient& client, const std::vector<TopicPartition>& partitions);

// The first record of each partition that was appended at or after the time; a partition that has
// none is left out. Errors: as above.
Result<std::map<TopicPartition, std::int64_t>> query_offsets_since(
    KafkaClient& client, const std::vector<TopicPartition>& partitions, std::int64_t time_us);

}  // namespace tradelake::log
