// Merges sorted runs of rows into one, in memory bounded by a batch of each run.
//
// Threads: one. Invariant: the result holds each row of the runs once, ordered by the sort order;
// of equal rows those of the earlier run come first. Does not: check that a run is sorted, or read
// files.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/error.h"
#include "iceberg/partition.h"
#include "iceberg/row_source.h"
#include "iceberg/schema.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

using RowDrain = std::function<Result<>(std::shared_ptr<arrow::Table> rows)>;

// Whether rows can be ordered by it: identity of top-level columns of primitive types.
bool can_merge_by(const Schema& schema, const SortOrder& order);

// Runs of an order that has no fields come one after the other. `drain` gets about `batch_rows` at
// a time. Errors: unsupported (can_merge_by() is false), those of the sources and of the drain.
Result<> merge_sorted(const Schema& schema, const SortOrder& order, std::vector<RowSource> runs,
                      std::int64_t batch_rows, const RowDrain& drain);

}  // namespace tradelake::iceberg
