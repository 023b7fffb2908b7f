#include "ops/cpu_quota.h"

#include <ctime>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "core/time.h"

namespace tradelake::ops {
namespace {

constexpr std::int64_t look_every_us = us_per_second / 2;
constexpr std::int64_t longest_wait_us = 30 * us_per_second;  // for others, in all
constexpr std::int64_t step_us = 20 * us_per_ms;

std::int64_t thread_cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * us_per_second + time.tv_nsec / 1000;
}

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

CpuQuota::CpuQuota(double share, std::function<bool()> behind, std::stop_token stop)
    : share_(share),
      behind_(std::move(behind)),
      stop_(std::move(stop)),
      used_until_us_(thread_cpu_us()),
      patience_us_(longest_wait_us) {}

Result<> CpuQuota::breathe() {
  if (stop_.stop_requested()) return make_error(Errc::cancelled, "asked to stop");
  const std::int64_t used = thread_cpu_us() - used_until_us_;
  if (share_ < 1 && used >= step_us) {
    TL_TRY(rest(static_cast<std::int64_t>(static_cast<double>(used) * (1 / share_ - 1))));
    used_until_us_ = thread_cpu_us();
  }
  while (behind_ && patience_us_ > 0 && steady_us() >= next_look_us_) {
    if (!behind_()) {
      next_look_us_ = steady_us() + look_every_us;
      break;
    }
    TL_TRY(rest(look_every_us));
    patience_us_ -= look_every_us;
  }
  return {};
}

Result<> CpuQuota::rest(std::int64_t us) const {
  for (std::int64_t left = us; left > 0; left -= step_us) {
    if (stop_.stop_requested()) return make_error(Errc::cancelled, "asked to stop");
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(left, step_us)));
  }
  return {};
}

}  // namespace tradelake::ops
