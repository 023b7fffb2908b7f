// Going on with a log that is not the one the tables were written from: its topics were made anew,
// or it lost its end, or retention has overtaken the pipeline.
//
// What was in the log and in no table is lost: a gap record of all markets of the topic says from
// when to when, and the pipelines look up what they would have rebuilt from it (lost_until_us).
// Threads: one; the pipelines do not run. Does not: change rows of tables, or partitions' number.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bronze/lake.h"
#include "core/error.h"
#include "iceberg/progress.h"

namespace tradelake::bronze {

// A progress row that does not fit the log, and what it is to become.
struct LogMismatch {
  std::string pipeline;
  iceberg::ProgressRow found;
  iceberg::ProgressRow repaired;
  std::string what;  // "was recreated", …
};

// Errors: corrupt (a topic has another number of partitions), unavailable, io.
Result<std::vector<LogMismatch>> find_mismatches(const Lake& lake,
                                                 std::span<const std::string> pipelines);

// All of them. Killed in the middle, it can be done again. Errors: fenced (a pipeline is running),
// unavailable, io, corrupt.
Result<> repair(const Lake& lake, std::span<const LogMismatch> mismatches, std::int64_t grace_us);

}  // namespace tradelake::bronze
