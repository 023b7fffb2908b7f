// What a pipeline's progress rows were when it stood at given offsets, by the log itself.
//
// Threads: functions. Cost: the log up to the offsets is read and parsed once. Does not: change
// anything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/progress.h"
#include "log/lag.h"
#include "log/log.h"

namespace tradelake::bronze {

// From each row as it is to the row at its partition's offset of `offsets` (0 if it has none),
// under the next epoch. `greatest_time_us` is the greatest trade_time of all before the offsets,
// for partitions of which the log keeps nothing before them. Errors: corrupt (the log is another
// one, or no longer has the records from an offset on, or offsets are beyond the row's).
Result<std::vector<iceberg::ProgressUpdate>> rows_at(log::Log& log, const std::string& pipeline,
                                                     std::span<const iceberg::ProgressRow> rows,
                                                     const log::NextOffsets& offsets,
                                                     std::optional<std::int64_t> greatest_time_us,
                                                     std::int64_t grace_us);

}  // namespace tradelake::bronze
