// Which manifests, files and row groups cannot hold a row that matches a filter.
//
// Threads: pure functions.
// Invariant: "may match" is true whenever it is not certain that no row matches: values missing
// from the metadata, unknown transforms, bounds that do not parse. Pruning never loses a row.
#pragma once

#include <optional>

#include "iceberg/data_file.h"
#include "iceberg/filter_binding.h"
#include "iceberg/manifest.h"
#include "iceberg/partition.h"

namespace tradelake::iceberg {

// What is known of one column's values over some rows.
struct ValueRange {
  std::optional<Value> lower = {};  // inclusive, of all values but null and NaN
  std::optional<Value> upper = {};
  bool may_have_null = true;
  bool may_have_value = true;
};

bool may_match(const BoundPredicate& predicate, const ValueRange& range);

// The predicate that holds for transform(x) wherever `predicate` holds for x; nothing if there is
// none.
std::optional<BoundPredicate> project(const BoundPredicate& predicate, const Transform& transform);

// By the partition summaries of a manifest list's entry. `types` are those of the spec's values, in
// its order, nullptr where unknown.
bool manifest_may_match(const BoundFilter& filter, const PartitionSpec& spec,
                        const std::vector<TypePtr>& types, const ManifestFile& manifest);

// By the partition tuple and by the column bounds and counts.
bool file_may_match(const BoundFilter& filter, const PartitionSpec& spec, const DataFile& file);

}  // namespace tradelake::iceberg
