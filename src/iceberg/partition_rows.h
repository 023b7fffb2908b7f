// Rows by their partition under a spec.
//
// Threads: functions. Cost: where all rows are of one partition, as in most commits, one pass over
// the source columns and no copy; else a lookup per row and one copy of the rows.
#pragma once

#include <memory>
#include <vector>

#include "core/error.h"
#include "iceberg/partition.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

struct PartitionOfRows {
  PartitionTuple tuple;
  std::shared_ptr<arrow::Table> rows;  // in the order they came in
};

// `rows` has the columns of `schema` by name, top-level dictionaries allowed. No rows, no
// partitions. Errors: unsupported (a transform of a later version), corrupt (a source column that
// the schema does not have).
Result<std::vector<PartitionOfRows>> partition_rows(const Schema& schema, const PartitionSpec& spec,
                                                    const std::shared_ptr<arrow::Table>& rows);

}  // namespace tradelake::iceberg
