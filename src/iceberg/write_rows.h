// Rows of a program into new data files of a table, whatever its schema and its default partition
// spec are by now.
//
// Threads: functions. Does not: sort or commit.
#pragma once

#include <memory>
#include <vector>

#include "iceberg/parquet_writer.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// One file per partition of the default spec, the partitions in the order of their values, each
// with its rows in the order they came in: the table's default sort order. `rows` have the columns
// of `declared` by name, and `options` means those. No rows, no files.
// Errors: those of fit_rows(), partition_rows() and write_data_file().
Result<std::vector<DataFile>> write_rows(FileIo& io, const TableMetadata& metadata,
                                         const Schema& declared, std::shared_ptr<arrow::Table> rows,
                                         const ParquetOptions& options = {});

// The same of rows that have all columns of the table's current schema, by its names.
Result<std::vector<DataFile>> write_whole_rows(FileIo& io, const TableMetadata& metadata,
                                               const std::shared_ptr<arrow::Table>& rows,
                                               const ParquetOptions& options);

}  // namespace tradelake::iceberg
