// Reading a table: files of a snapshot, pruned by partition and bounds; rows as Arrow tables,
// without those that delete files take out.
//
// Threads: functions; plan and read may run in different threads.
// Invariant: rows come by field id, so renamed columns are found and dropped ones are not.
// Does not: keep what it has read of a delete file for the next data file it applies to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/expression.h"
#include "iceberg/row_source.h"
#include "iceberg/scan_file.h"
#include "iceberg/table.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

// The live data files of the snapshot (the current one if none is named) that may hold matching
// rows, with their delete files. Manifests are pruned by their partition summaries, files by
// partition and column bounds.
Result<std::vector<ScanFile>> plan_files(const TableMetadata& metadata, FileIo& io,
                                         const Filter& filter,
                                         std::optional<SnapshotId> snapshot = {});

// The matching rows of one file that its deletes leave, with these top-level columns (empty = all)
// of the current schema in the order given; row groups are pruned by statistics, rows filtered
// exactly. Errors name the data file, and the delete file if it is at fault.
Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const ScanFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter);

// The same of the rows as they were written, whatever has been deleted since.
Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const DataFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter);

// All rows of one file that its deletes leave, all columns of the current schema, in the file's
// order: at most `batch_rows` at a time, maybe none, with no more than that, a page of each column
// and the deletes in memory. Opened at the first call; the source's errors are those of
// read_data_file(). `io` outlives it.
RowSource stream_data_file(TableMetadataPtr metadata, FileIo& io, ScanFile file,
                           std::int64_t batch_rows);

}  // namespace tradelake::iceberg
