#include "ops/live_files.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/partition_cutoff.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

// Nulls first; values of one field are of one type.
struct Before {
  using Key = std::pair<SpecId, PartitionTuple>;
  bool operator()(const Key& a, const Key& b) const {
    if (a.first != b.first) return a.first < b.first;
    for (std::size_t n = 0; n < std::min(a.second.size(), b.second.size()); ++n) {
      const auto &left = a.second[n], &right = b.second[n];
      if (left && right) {
        if (const auto order = compare(*left, *right); order != 0) return order < 0;
      } else if (left.has_value() != right.has_value()) {
        return right.has_value();
      }
    }
    return a.second.size() < b.second.size();
  }
};

bool cuts_time(const PartitionField& field) {
  using Kind = Transform::Kind;
  const auto kind = field.transform.kind;
  return kind == Kind::hour || kind == Kind::day || kind == Kind::month || kind == Kind::year;
}

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
  std::map<Before::Key, LivePartition, Before> by_key;
  bool everywhere = false;  // deletes of an unpartitioned spec apply to all
  for (const auto& manifest : manifests) {
    if (manifest.added_files_count == 0 && manifest.existing_files_count == 0) continue;
    TL_ASSIGN(auto entries, read_manifest(metadata, io, manifest));
    for (auto& entry : entries) {
      if (entry.status == EntryStatus::deleted) continue;
      auto& partition = by_key[{manifest.spec_id, entry.file.partition}];
      if (entry.file.content == FileContent::data) {
        partition.files.push_back(std::move(entry));
      } else {
        partition.has_deletes = true;
        everywhere = everywhere || entry.file.partition.empty();
      }
    }
  }
  for (auto& [key, partition] : by_key) {
    if (partition.files.empty()) continue;
    partition.spec_id = key.first;
    partition.values = key.second;
    partition.has_deletes = partition.has_deletes || everywhere;
    std::ranges::stable_sort(partition.files, {}, [](const ManifestEntry& entry) {
      return entry.sequence_number.value_or(SequenceNumber{});
    });
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

std::optional<FieldId> time_column(const TableMetadata& metadata) {
  const auto& fields = metadata.spec().fields;
  const auto found = std::ranges::find_if(fields, cuts_time);
  return found == fields.end() ? std::nullopt : std::optional(found->source_id);
}

std::optional<std::int64_t> greatest_time_us(const std::vector<LivePartition>& partitions,
                                             FieldId column) {
  std::optional<std::int64_t> greatest;
  for (const auto& partition : partitions) {
    for (const auto& entry : partition.files) {
      const auto bound = entry.file.upper_bounds.find(column);
      if (bound == entry.file.upper_bounds.end()) continue;
      const auto value = from_bytes(*primitive(TypeKind::timestamp), bound->second);
      if (!value || !std::holds_alternative<std::int64_t>(*value)) continue;
      greatest = std::max(greatest.value_or(INT64_MIN), std::get<std::int64_t>(*value));
    }
  }
  return greatest;
}

std::optional<std::int64_t> end_us(const TableMetadata& metadata, const LivePartition& partition) {
  const auto* spec = metadata.find_spec(partition.spec_id);
  if (spec == nullptr) return std::nullopt;
  std::optional<std::int64_t> earliest;
  for (std::size_t n = 0; n < std::min(spec->fields.size(), partition.values.size()); ++n) {
    if (!cuts_time(spec->fields[n]) || !partition.values[n]) continue;
    const auto end = partition_end_us(spec->fields[n].transform, *partition.values[n]);
    if (end) earliest = std::min(earliest.value_or(*end), *end);
  }
  return earliest;
}

}  // namespace tradelake::ops
