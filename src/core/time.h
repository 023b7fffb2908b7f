// Time as integers with the unit in the name; everything is UTC since the Unix epoch.
//
// Threads: functions. Does not: know time zones or leap seconds.
#pragma once

#include <cstdint>
#include <string>

namespace tradelake {

inline constexpr std::int64_t us_per_ms = 1'000;
inline constexpr std::int64_t us_per_second = 1'000'000;
inline constexpr std::int64_t us_per_minute = 60 * us_per_second;
inline constexpr std::int64_t us_per_hour = 60 * us_per_minute;
inline constexpr std::int64_t us_per_day = 24 * us_per_hour;

std::int64_t now_ns();  // the wall clock
inline std::int64_t now_us() {
  return now_ns() / 1000;
}
inline std::int64_t now_ms() {
  return now_ns() / 1'000'000;
}

// Floors towards the past, before 1970 too.
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t step) {
  return value / step - (value % step < 0 ? 1 : 0);
}
constexpr std::int64_t floor_to(std::int64_t value, std::int64_t step) {
  return floor_div(value, step) * step;
}

// "2024-08-08T23:54:15.342000Z"
std::string format_us(std::int64_t time_us);

}  // namespace tradelake
