#include "ops/live_files.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "iceberg/column_bounds.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/partition_cutoff.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

using Key = std::pair<SpecId, PartitionTuple>;
struct KeyLess {
  bool operator()(const Key& a, const Key& b) const {
    return a.first != b.first ? a.first < b.first : PartitionTupleLess{}(a.second, b.second);
  }
};

}  // namespace

std::int64_t LivePartition::bytes() const {
  return std::transform_reduce(files.begin(), files.end(), std::int64_t{0}, std::plus{},
                               [](const auto& entry) { return entry.file.size_bytes; });
}

std::int64_t LivePartition::rows() const {
  return std::transform_reduce(files.begin(), files.end(), std::int64_t{0}, std::plus{},
                               [](const auto& entry) { return entry.file.record_count; });
}

Result<std::vector<LivePartition>> live_files(const TableMetadata& metadata, FileIo& io) {
  std::vector<LivePartition> partitions;
  const auto* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return partitions;
  TL_ASSIGN(const auto manifests, read_manifest_list(io, *snapshot));
  std::map<Key, LivePartition, KeyLess> by_key;
  for (const auto& manifest : manifests) {
    if (manifest.content != ManifestContent::data) continue;
    if (manifest.added_files_count == 0 && manifest.existing_files_count == 0) continue;
    TL_ASSIGN(auto entries, read_manifest(metadata, io, manifest));
    for (auto& entry : entries) {
      if (entry.status == EntryStatus::deleted) continue;
      auto& partition = by_key[{manifest.spec_id, entry.file.partition}];
      partition.files.push_back(std::move(entry));
    }
  }
  for (auto& [key, partition] : by_key) {
    partition.spec_id = key.first;
    partition.values = key.second;
    std::ranges::stable_sort(partition.files, {}, [](const ManifestEntry& entry) {
      return entry.sequence_number.value_or(SequenceNumber{});
    });
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

std::optional<FieldId> time_column(const TableMetadata& metadata) {
  const auto& fields = metadata.spec().fields;
  const auto found = std::ranges::find_if(fields, cuts_time, &PartitionField::transform);
  return found == fields.end() ? std::nullopt : std::optional(found->source_id);
}

std::optional<std::int64_t> greatest_time_us(const std::vector<LivePartition>& partitions,
                                             FieldId column) {
  static const auto& type = *primitive(TypeKind::timestamp);
  std::optional<std::int64_t> greatest;
  for (const auto& partition : partitions) {
    for (const auto& entry : partition.files) {
      const auto time_us = bound_as<std::int64_t>(entry.file.upper_bounds, column, type);
      if (time_us) greatest = std::max(greatest.value_or(INT64_MIN), *time_us);
    }
  }
  return greatest;
}

std::optional<std::int64_t> end_us(const TableMetadata& metadata, const LivePartition& partition) {
  const auto* spec = metadata.find_spec(partition.spec_id);
  return spec == nullptr ? std::nullopt : partition_end_us(*spec, partition.values);
}

}  // namespace tradelake::ops
