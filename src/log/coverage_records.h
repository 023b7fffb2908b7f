// What the log holds of coverage: a gap record per market among its frames, and how far connections
// were received without a gap, for the next start.
//
// The latter is a record per connection and second in a topic of its own, the last of which counts.
// Threads: functions. Does not: look beyond the newest records of that topic.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/coverage.h"
#include "log/log.h"

namespace tradelake::log {

// Views of `records` point into `texts`, and into what the records were made of.
struct CoverageRecords {
  std::deque<std::string> texts;
  std::vector<NewRecord> records;
};

// Of each partition of the topic, the records that a trim of the log has to leave.
inline constexpr std::int64_t covered_records_kept = 1'000;

CoverageRecords gap_records(std::span<const MarketGap> gaps);
CoverageRecords covered_records(const CoveredUntil& covered);

// Empty if nothing was ever received live. Errors: unavailable (call again), io, corrupt.
Result<CoveredUntil> read_covered_until(Log& log);

}  // namespace tradelake::log
