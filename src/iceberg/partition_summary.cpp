#include "iceberg/partition_summary.h"

#include <cmath>

namespace tradelake::iceberg {
namespace {

bool is_nan(const Value& value) {
  if (const auto* number = std::get_if<float>(&value)) return std::isnan(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
  return false;
}

}  // namespace

std::vector<FieldSummary> summarize_partitions(const std::vector<TypePtr>& types,
                                               const std::vector<ManifestEntry>& entries) {
  std::vector<FieldSummary> summaries;
  for (std::size_t i = 0; i < types.size(); ++i) {
    FieldSummary summary;
    summary.contains_nan = false;
    const Value* lowest = nullptr;
    const Value* highest = nullptr;
    for (const auto& entry : entries) {
      const auto& value = entry.file.partition[i];
      if (!value) {
        summary.contains_null = true;
      } else if (is_nan(*value)) {
        summary.contains_nan = true;
      } else {
        if (!lowest || compare(*value, *lowest) < 0) lowest = &*value;
        if (!highest || compare(*value, *highest) > 0) highest = &*value;
      }
    }
    if (lowest) summary.lower_bound = to_bytes(*types[i], *lowest);
    if (highest) summary.upper_bound = to_bytes(*types[i], *highest);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace tradelake::iceberg
