// How long something took, counted by upper bounds from 1 ms to 60 s.
//
// Threads: a value. Does not: keep single durations.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace tradelake {

class DurationHistogram {
 public:
  static constexpr std::array<std::int64_t, 14> bounds_us{
      1'000,   2'500,   5'000,     10'000,    20'000,    50'000,     100'000,
      250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000};

  void add(std::int64_t duration_us) {
    const auto* const bound = std::ranges::lower_bound(bounds_us, duration_us);
    ++counts_[static_cast<std::size_t>(bound - bounds_us.begin())];
    sum_us_ += duration_us;
  }

  // How many took at most bounds_us[i]; all, for i = bounds_us.size().
  std::int64_t at_most(std::size_t i) const {
    std::int64_t sum = 0;
    for (std::size_t j = 0; j <= i; ++j) sum += counts_[j];
    return sum;
  }
  std::int64_t count() const { return at_most(bounds_us.size()); }
  std::int64_t sum_us() const { return sum_us_; }

 private:
  std::array<std::int64_t, bounds_us.size() + 1> counts_{};
  std::int64_t sum_us_ = 0;
};

}  // namespace tradelake
