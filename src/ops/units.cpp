#include "ops/units.h"

#include <cstdlib>

#include <fmt/format.h>

#include "core/time.h"

namespace tradelake::ops {

std::string bytes_text(std::int64_t bytes) {
  constexpr std::int64_t step = 1024;
  if (bytes < step) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < step) break;
    value /= step;
    unit = larger;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string time_text(std::int64_t us) {
  us = std::abs(us);
  const auto as = [&](std::int64_t unit) {
    return static_cast<double>(us) / static_cast<double>(unit);
  };
  if (us < 10 * us_per_ms) return fmt::format("{:.1f} ms", as(us_per_ms));
  if (us < us_per_second) return fmt::format("{:.0f} ms", as(us_per_ms));
  if (us < 2 * us_per_minute) return fmt::format("{:.1f} s", as(us_per_second));
  if (us < 2 * us_per_hour) return fmt::format("{} min", us / us_per_minute);
  if (us < 2 * us_per_day) return fmt::format("{} h", us / us_per_hour);
  return fmt::format("{} days", us / us_per_day);
}

}  // namespace tradelake::ops
