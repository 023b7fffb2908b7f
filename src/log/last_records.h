// The last records of some partitions, for whoever looks at how a log ends.
//
// Threads: functions. Does not: know what the records mean.
#pragma once

#include <chrono>
#include <functional>

#include "core/error.h"
#include "log/lag.h"

namespace tradelake::log {

// What stands at the last `look_back` offsets of each partition, chunk by chunk, up to the ends
// that `ranges` has. Errors: unavailable (it took longer than `patience`; call again), io, corrupt.
Result<> read_last(Log& log, const LogRanges& ranges, std::int64_t look_back,
                   std::chrono::seconds patience, const std::function<void(const Chunk&)>& see);

}  // namespace tradelake::log
