// A new data file's place: under the table's data folder, in the folder of its partition.
//
// Threads: functions.
#pragma once

#include "iceberg/parquet_writer.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// The table's default spec; `partition` has a value for each of its fields.
DataFileTarget new_data_file_target(const TableMetadata& metadata, const PartitionTuple& partition,
                                    std::optional<SortOrderId> sort_order_id);

}  // namespace tradelake::iceberg
