// How far somebody who reads the log is behind its end.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <map>

#include "log/log.h"

namespace tradelake::log {

using NextOffsets = std::map<TopicPartition, std::int64_t>;
using LogRanges = std::map<TopicPartition, OffsetRange>;

// Records of the partitions in `consumed` that come at or after its offsets.
std::int64_t records_ahead(const LogRanges& log, const NextOffsets& consumed);
// True if everything that the log has of these partitions is behind `committed`.
bool reaches_the_end(const LogRanges& log, const NextOffsets& committed);

}  // namespace tradelake::log
