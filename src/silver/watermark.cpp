#include "silver/watermark.h"

#include <algorithm>

#include "bronze/positions.h"

namespace tradelake::silver {

std::vector<std::int64_t> watermarks(const std::vector<PartitionClock>& partitions, bool live,
                                     std::int64_t now_us) {
  const auto own = [](const PartitionClock& partition) {
    return partition.max_trade_time_us ? *partition.max_trade_time_us - bronze::lateness_us
                                       : INT64_MIN;
  };
  std::optional<std::int64_t> slowest_busy;
  bool all_idle = true;
  for (const auto& partition : partitions) {
    if (partition.idle) continue;
    all_idle = false;
    if (partition.max_trade_time_us)
      slowest_busy = std::min(slowest_busy.value_or(own(partition)), own(partition));
  }
  std::vector<std::int64_t> result;
  for (const auto& partition : partitions) {
    std::int64_t watermark = own(partition);
    if (partition.idle && slowest_busy) watermark = std::max(watermark, *slowest_busy);
    if (all_idle && live) watermark = std::max(watermark, now_us - idle_clock_lag_us);
    result.push_back(watermark);
  }
  return result;
}

}  // namespace tradelake::silver
