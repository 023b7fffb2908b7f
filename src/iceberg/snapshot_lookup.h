// Which snapshot a table had when, and where it came from.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// The snapshot and its ancestors, newest first, as far as they are there.
std::vector<const Snapshot*> ancestors(const TableMetadata& metadata,
                                       std::optional<SnapshotId> newest);

// What main was at that time, by the snapshot log; nullptr if there was nothing yet, or if it has
// expired.
const Snapshot* snapshot_as_of(const TableMetadata& metadata, std::int64_t time_ms);

// The newest ancestor of main, itself included, that was made at that time or before.
const Snapshot* ancestor_as_of(const TableMetadata& metadata, std::int64_t time_ms);

// The table as it was then: that snapshot is the current one, and its schema.
TableMetadata as_of(const TableMetadata& metadata, const Snapshot& snapshot);

}  // namespace tradelake::iceberg
