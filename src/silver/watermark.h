// How far emission may go in each partition (design 7). Pure: time is passed in.
//
// Threads: functions. Invariant: emission never decides lateness; this only tells when to write.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace tradelake::silver {

inline constexpr std::int64_t idle_after_us = 5'000'000;      // at the log's end for this long
inline constexpr std::int64_t idle_clock_lag_us = 7'000'000;  // all idle: the clock less this

struct PartitionClock {
  std::optional<std::int64_t> max_trade_time_us;
  bool idle = false;  // its consumer has been at the log's end for idle_after_us
};

// One watermark per partition, INT64_MIN where nothing is known. An idle partition follows the
// slowest of those that are not; if all are idle, the wall clock (live sources only), never back.
std::vector<std::int64_t> watermarks(const std::vector<PartitionClock>& partitions, bool live,
                                     std::int64_t now_us);

}  // namespace tradelake::silver
