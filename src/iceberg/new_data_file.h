// Writes a new data file of a table: its place is under the table's data folder, in the folder of
// its partition, with a name that no other file has.
//
// Threads: functions. Does not: sort, partition or commit.
#pragma once

#include <string>

#include "iceberg/parquet_writer.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// Where a file of this name and partition is: below the table's data folder.
std::string data_file_uri(const TableMetadata& metadata, const PartitionSpec& spec,
                          const PartitionTuple& partition, std::string_view name);

// `partition` has a value for each field of the table's default spec; `rows` belong to it, in the
// table's default sort order. Errors: those of write_data_file().
Result<DataFile> write_new_data_file(FileIo& io, const TableMetadata& metadata,
                                     const PartitionTuple& partition, const arrow::Table& rows,
                                     const ParquetOptions& options = {});

}  // namespace tradelake::iceberg
