#include "ops/promotion.h"

#include <algorithm>

#include "iceberg/promoted_fields.h"

namespace tradelake::ops {
namespace {

constexpr std::size_t files_at_once = 6;  // that compact() may hold a batch of each in memory

// By the metrics: whether the file has a value or null for each row of the column.
bool has_column(const iceberg::DataFile& file, iceberg::FieldId column) {
  return file.value_counts.contains(column);
}

// By the metrics of the keys: an absent map counts as one null.
bool may_have_entries(const iceberg::DataFile& file, const iceberg::NestedField& map) {
  const auto key = map.type->fields[0].id;
  const auto values = file.value_counts.find(key), nulls = file.null_value_counts.find(key);
  return values == file.value_counts.end() || nulls == file.null_value_counts.end() ||
         values->second != nulls->second;
}

}  // namespace

std::vector<CompactionJob> plan_promotion(const iceberg::TableMetadata& metadata,
                                          const std::vector<LivePartition>& partitions) {
  const auto promoted = iceberg::promoted_fields(metadata);
  std::vector<CompactionJob> jobs;
  if (promoted.empty()) return jobs;
  const auto lacks_values = [&](const iceberg::ManifestEntry& entry) {
    return std::ranges::any_of(promoted, [&](const iceberg::PromotedField& field) {
      return !has_column(entry.file, field.column) &&
             may_have_entries(entry.file, *metadata.schema().find(field.map));
    });
  };
  for (const auto& partition : partitions) {
    for (const bool closed : {false, true}) {
      CompactionJob job{partition.spec_id, partition.values, closed, {}};
      const auto done = [&] {
        if (!job.inputs.empty()) jobs.push_back(job);
        job.inputs.clear();
      };
      for (const auto& entry : partition.files) {
        if (is_closed_file(entry.file.path) != closed || !lacks_values(entry)) continue;
        job.inputs.push_back(entry);
        if (job.inputs.size() == files_at_once) done();
      }
      done();
    }
  }
  return jobs;
}

}  // namespace tradelake::ops
