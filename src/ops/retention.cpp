#include "ops/retention.h"

#include <algorithm>

#include "iceberg/manifest_list_avro.h"

namespace tradelake::ops {

Result<bool> may_have_expired(const iceberg::TableMetadata& metadata, iceberg::FileIo& io,
                              std::int64_t retention_us, std::int64_t now_us) {
  const auto column = time_column(metadata);
  const auto* snapshot = metadata.current_snapshot();
  if (!column || snapshot == nullptr) return false;
  // No table's own cut-off is later than the clock's.
  const iceberg::PartitionCutoff latest{*column, now_us - retention_us};
  TL_ASSIGN(const auto manifests, iceberg::read_manifest_list(io, *snapshot));
  return std::ranges::any_of(manifests, [&](const iceberg::ManifestFile& manifest) {
    const auto* spec = metadata.find_spec(manifest.spec_id);
    return spec != nullptr && latest.may_drop_from(*spec, manifest);
  });
}

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
