#include "ops/clock_check.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <ctime>

#include <cstdlib>

#include <fmt/format.h>

#include "core/time.h"
#include "ops/units.h"

namespace tradelake::ops {

std::int64_t ClockReading::certain_skew_us() const {
  const std::int64_t certain = std::max<std::int64_t>(std::abs(ahead_us) - uncertainty_us, 0);
  return ahead_us < 0 ? -certain : certain;
}

ClockReading clock_reading(std::string reference, std::int64_t before_us, std::int64_t theirs_us,
                           std::int64_t after_us, std::int64_t resolution_us) {
  const std::int64_t half_us = (after_us - before_us) / 2;
  return {std::move(reference), theirs_us - (before_us + half_us),
          std::max<std::int64_t>(half_us, 0) + resolution_us};
}

ClockReading kernel_clock() {
  const std::int64_t before_us = now_us();
  timespec kernel{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &kernel);
  return clock_reading("the system", before_us,
                       std::int64_t{kernel.tv_sec} * us_per_second + kernel.tv_nsec / 1000,
                       now_us());
}

bool clock_is_faked() {
  return std::abs(kernel_clock().certain_skew_us()) > worrying_skew_us;
}

std::optional<std::int64_t> http_date_us(std::string_view text) {
  std::tm time{};
  const std::string own(text);
  const char* end = ::strptime(own.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::int64_t{::timegm(&time)} * us_per_second;
}

const ClockReading* worst(std::span<const ClockReading> readings) {
  const ClockReading* found = nullptr;
  for (const auto& reading : readings) {
    const auto skew = std::abs(reading.certain_skew_us());
    if (skew > 0 && (found == nullptr || skew > std::abs(found->certain_skew_us())))
      found = &reading;
  }
  return found;
}

Check judge_clock(std::span<const ClockReading> readings) {
  const auto* furthest = worst(readings);
  const std::int64_t skew_us = furthest == nullptr ? 0 : furthest->certain_skew_us();
  std::string detail;
  if (std::abs(skew_us) <= worrying_skew_us) {
    for (const auto& reading : readings) {
      detail +=
          fmt::format("{} {}'s within {}", detail.empty() ? "agrees with" : ",", reading.reference,
                      time_text(std::abs(reading.ahead_us) + reading.uncertainty_us));
    }
    if (readings.size() < 2) detail += "; there is no other clock to compare it with";
    return {"clock", CheckStatus::ok, detail};
  }
  return {"clock", std::abs(skew_us) > wrong_skew_us ? CheckStatus::failed : CheckStatus::warning,
          fmt::format("{} {} {}'s", time_text(skew_us), skew_us > 0 ? "behind" : "ahead of",
                      furthest->reference),
          "set the clock, and keep it right with chrony or systemd-timesyncd; if it is right, the "
          "other one is wrong"};
}

}  // namespace tradelake::ops
