#include "ops/retention.h"

#include <algorithm>

namespace tradelake::ops {

std::optional<Expired> expired_partitions(const iceberg::TableMetadata& metadata,
                                          const std::vector<LivePartition>& partitions,
                                          std::int64_t retention_us, std::int64_t now_us) {
  const auto column = time_column(metadata);
  if (!column) return std::nullopt;
  const auto greatest = greatest_time_us(partitions, *column);
  if (!greatest) return std::nullopt;
  Expired expired;
  expired.cutoff = {*column, std::min(now_us, *greatest) - retention_us};
  for (const auto& partition : partitions) {
    const auto* spec = metadata.find_spec(partition.spec_id);
    if (spec == nullptr || !expired.cutoff.drops(*spec, partition.values)) continue;
    ++expired.partitions;
    expired.files += static_cast<std::int64_t>(partition.files.size());
    expired.rows += partition.rows();
    expired.bytes += partition.bytes();
  }
  return expired.partitions > 0 ? std::optional(expired) : std::nullopt;
}

}  // namespace tradelake::ops
