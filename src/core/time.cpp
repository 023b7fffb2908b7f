#include "core/time.h"

#include <chrono>

#include <fmt/format.h>

namespace tradelake {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string format_us(std::int64_t time_us) {
  const std::int64_t day = floor_div(time_us, us_per_day);
  const std::int64_t rest = time_us - day * us_per_day;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<std::chrono::days::rep>(day)}}};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / us_per_hour, rest / us_per_minute % 60, rest / us_per_second % 60,
                     rest % us_per_second);
}

}  // namespace tradelake
