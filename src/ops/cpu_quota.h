// Keeps a thread to a share of one core: after work comes rest.
//
// Threads: one, the one whose time is counted. Does not: count what other threads do for it.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "core/error.h"

namespace tradelake::ops {

class CpuQuota {
 public:
  // `behind`: there is more urgent work, which is waited for, though not for ever.
  CpuQuota(double share, std::function<bool()> behind, std::stop_token stop);

  // Rests for what was used since the last call. Errors: cancelled.
  Result<> breathe();

 private:
  Result<> rest(std::int64_t us) const;

  const double share_;
  const std::function<bool()> behind_;
  const std::stop_token stop_;
  std::int64_t used_until_us_ = 0;
  std::int64_t next_look_us_ = 0;
  std::int64_t patience_us_;
};

}  // namespace tradelake::ops
