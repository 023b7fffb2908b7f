// This machine's clock against others'. Trades up to 60 s ahead are accepted, retention and leases
// go by the clock, and S3 refuses requests that are signed at another time.
//
// Threads: functions. Does not: set clocks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/check.h"

namespace tradelake::ops {

inline constexpr std::int64_t worrying_skew_us = 500'000;
inline constexpr std::int64_t wrong_skew_us = 2'000'000;

// What another clock showed, against ours.
struct ClockReading {
  std::string reference;            // "PostgreSQL"
  std::int64_t ahead_us = 0;        // theirs less ours
  std::int64_t uncertainty_us = 0;  // how far off that may be, either way

  // What is certain of the difference: 0 within the uncertainty, else with ahead_us's sign.
  std::int64_t certain_skew_us() const;
};

// `theirs_us` was read between two looks at our clock, and is exact to `resolution_us`.
ClockReading clock_reading(std::string reference, std::int64_t before_us, std::int64_t theirs_us,
                           std::int64_t after_us, std::int64_t resolution_us = 0);

// The kernel's clock, asked for without the libraries that may be preloaded to fake it.
ClockReading kernel_clock();

// A library such as libfaketime stands between us and the kernel.
bool clock_is_faked();

// Of an HTTP Date header, "Sun, 06 Nov 1994 08:49:37 GMT". Servers keep the text for a second or
// more, so it is up to two seconds later than this.
std::optional<std::int64_t> http_date_us(std::string_view text);

// The one that differs most, beyond its uncertainty; nullptr if none does.
const ClockReading* worst(std::span<const ClockReading> readings);

Check judge_clock(std::span<const ClockReading> readings);

}  // namespace tradelake::ops
