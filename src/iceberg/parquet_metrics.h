// Column metrics of a data file just written («Data File Fields»): sizes, counts, bounds.
//
// Threads: functions without state.
// Cost: everything comes from the Parquet footer, except what it cannot hold: NaN counts, and
// bounds of texts longer than Parquet's limit for statistics (4096 bytes); those columns are passed
// over once. Invariant: metrics.default = truncate(16); nothing inside a list or map has bounds.
#pragma once

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/schema.h"

namespace arrow {
class Table;
}
namespace parquet {
class FileMetaData;
}

namespace tradelake::iceberg {

// Fills record_count, column_sizes, the counts, the bounds and split_offsets of `file`. `rows` is
// what was written, leaf i of the schema being column i of the file.
Result<> collect_metrics(const Schema& schema, const parquet::FileMetaData& metadata,
                         const arrow::Table& rows, DataFile& file);

}  // namespace tradelake::iceberg
