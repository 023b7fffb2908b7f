// Actions that make no snapshot: schema, partitioning, properties, refs.
//
// Threads: as Action. Invariant: a change that says what the base says already returns the base, so
// that the transaction writes no new metadata for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "iceberg/action.h"

namespace tradelake::iceberg {

// Changes a copy of the base, for each base anew. `now_ms` is the time of the change, never before
// that of the base.
using MetadataChange = std::function<Result<>(TableMetadata& next, std::int64_t now_ms)>;

std::unique_ptr<Action> change_metadata(MetadataChange change);

// Whether the two say the same, for tables between which no snapshot was made.
bool same_metadata(const TableMetadata& a, const TableMetadata& b);

}  // namespace tradelake::iceberg
