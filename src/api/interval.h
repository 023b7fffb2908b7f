// Candle intervals: their names here and at Bybit, and where they begin.
//
// Threads: functions. Invariant: intervals are half-open and aligned to the UTC epoch; weeks begin
// on Monday (the epoch was a Thursday).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace tradelake::api {

struct Interval {
  std::string_view name;        // "15m"
  std::string_view bybit_name;  // "15"
  std::int64_t step_us = us_per_minute;
  std::int64_t origin_us = 0;

  // The start of the interval that the time is in.
  std::int64_t floor(std::int64_t time_us) const {
    return floor_to(time_us - origin_us, step_us) + origin_us;
  }
  // The first start at or after the time.
  std::int64_t ceil(std::int64_t time_us) const { return floor(time_us + step_us - 1); }
};

// nullptr: there is no such interval.
const Interval* find_interval(std::string_view name);
const Interval* find_bybit_interval(std::string_view name);

// "1m, 3m, …", for messages.
std::string interval_names();
std::string bybit_interval_names();

}  // namespace tradelake::api
