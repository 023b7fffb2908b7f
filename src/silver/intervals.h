// The intervals whose candles are tables of their own: a closed set.
//
// Threads: constants. Invariant: each step is a multiple of those before it, and candles begin at
// multiples of their step since the UTC epoch. Does not: know intervals that are computed on read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/time.h"

namespace tradelake::silver {

struct StoredInterval {
  std::string_view name;  // as in silver.candles_<name> and candle_revisions.interval
  std::int64_t step_us;
  std::string_view partitioned_by;  // transform of open_time

  std::int64_t open_time_us(std::int64_t time_us) const { return floor_to(time_us, step_us); }
};

inline constexpr auto stored_intervals = std::to_array<StoredInterval>({
    {"1m", us_per_minute, "day"},
    {"5m", 5 * us_per_minute, "day"},
    {"1h", us_per_hour, "month"},
    {"4h", 4 * us_per_hour, "month"},
    {"1d", us_per_day, "year"},
});

inline constexpr const StoredInterval& minute_interval = stored_intervals.front();
// Those that are merged from minutes.
inline constexpr std::size_t larger_count = stored_intervals.size() - 1;
inline constexpr std::span<const StoredInterval, larger_count> larger_intervals{
    stored_intervals.data() + 1, larger_count};

}  // namespace tradelake::silver
