// Candle intervals: their names here and at Bybit, where they begin, and which stored one they are
// made of.
//
// Threads: functions. Invariant: intervals are half-open and aligned to the UTC epoch; weeks begin
// on Monday (the epoch was a Thursday), months on the 1st.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace tradelake::api {

struct Interval {
  std::string name;             // "15m"
  std::string_view bybit_name;  // "15"; empty: Bybit has none
  std::int64_t step_us = us_per_minute;
  std::int64_t origin_us = 0;
  bool is_month = false;  // of the calendar, whatever the step

  // The start of the interval that the time is in.
  std::int64_t floor(std::int64_t time_us) const;
  // The first start at or after the time.
  std::int64_t ceil(std::int64_t time_us) const;
  // The starts of those after and before the one that starts there.
  std::int64_t next(std::int64_t start_us) const;
  std::int64_t previous(std::int64_t start_us) const { return floor(start_us - 1); }

  // The largest one that is a table (an index into silver::stored_intervals) of which each of these
  // is a whole number.
  std::size_t source() const;
};

// "15m", "1w", "1M", or any Nm or Nh that divides a day. Nothing: there is no such interval.
std::optional<Interval> find_interval(std::string_view name);
std::optional<Interval> find_bybit_interval(std::string_view name);

// "1m, 3m, …", for messages.
std::string interval_names();
std::string bybit_interval_names();

}  // namespace tradelake::api
