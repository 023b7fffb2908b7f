// Whether a log has come to its end for now: every partition that has records ends with an end
// marker, which a replay appends when its file is over.
//
// Threads: functions. Does not: look beyond the last few offsets of a partition.
#pragma once

#include <map>

#include "core/error.h"
#include "log/log.h"

namespace tradelake::log {

// `ranges` are partitions as Log::offsets() gives them. Errors: unavailable, io, corrupt.
Result<bool> ends_with_markers(Log& log, const std::map<TopicPartition, OffsetRange>& ranges);

}  // namespace tradelake::log
