// A gap as the log keeps it: a record of its own among the frames of the market's topic, so that
// the pipeline that reads them learns of it exactly once.
//
// Value: {"from_us":…,"to_us":…,"cause":"…"}; the key is the symbol, the base coin of options, or
// all_markets for any market of the category.
// Threads: functions. Does not: decide what is a gap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/record.h"

namespace tradelake::log {

// Microseconds since the epoch; [from_us, to_us).
struct Gap {
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  std::string cause;  // not_running, connection_lost, queue_full or log_lost
};

inline constexpr const char* all_markets = "*";

std::string gap_to_json(const Gap& gap);

// Nothing if the record is no gap, or none of ours: then it is a frame like any other.
std::optional<Gap> gap_of(const Record& record);

}  // namespace tradelake::log
