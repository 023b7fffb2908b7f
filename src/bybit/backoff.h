// How long to wait before connecting again. A pure function: the randomness comes from outside.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tradelake::bybit {

struct BackoffPolicy {
  std::chrono::milliseconds initial{500};
  double factor = 1.5;
  std::chrono::milliseconds max{5000};
  std::chrono::milliseconds jitter{250};  // added, times a random number in [0, 1)
};

// `attempt` counts the failures since the last healthy connection, from 0.
inline std::chrono::milliseconds backoff_delay(const BackoffPolicy& policy, unsigned attempt,
                                               double random) {
  const double grown =
      static_cast<double>(policy.initial.count()) * std::pow(policy.factor, attempt);
  const double base = std::min(grown, static_cast<double>(policy.max.count()));
  const double jitter = static_cast<double>(policy.jitter.count()) * random;
  return std::chrono::milliseconds(static_cast<std::int64_t>(base + jitter));
}

}  // namespace tradelake::bybit
