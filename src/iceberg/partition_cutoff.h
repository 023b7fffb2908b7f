// Which partitions of a table are wholly before a time: the rule of retention.
//
// Threads: a value; pure functions. Invariant: a partition goes only if every row it can hold is
// before the cut-off: one that has no time in its spec, or a null, or an unknown transform, stays.
// Does not: look at rows or column bounds.
#pragma once

#include <cstdint>
#include <optional>

#include "iceberg/manifest.h"
#include "iceberg/partition.h"

namespace tradelake::iceberg {

// The first microsecond after a partition by this transform of a timestamp; nothing where the
// transform has no such end.
std::optional<std::int64_t> partition_end_us(const Transform& transform, const Value& value);

// Whether it is one of those that have: year, month, day, hour.
bool cuts_time(const Transform& transform);

// The first microsecond after what a partition can hold of a timestamp (of any, if none is named);
// nothing if its spec does not cut that column by time, or the value is null.
std::optional<std::int64_t> partition_end_us(const PartitionSpec& spec,
                                             const PartitionTuple& partition,
                                             std::optional<FieldId> time_column = {});

struct PartitionCutoff {
  FieldId time_column;        // a timestamp; what the spec's year, month, day or hour is of
  std::int64_t until_us = 0;  // a partition whose end is at or before this goes

  bool drops(const PartitionSpec& spec, const PartitionTuple& partition) const;
  // False: by its partition summaries, the manifest has no such partition.
  bool may_drop_from(const PartitionSpec& spec, const ManifestFile& manifest) const;
};

}  // namespace tradelake::iceberg
