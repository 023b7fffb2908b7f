// Arrow data to one Parquet data file with Iceberg field ids, column metrics and bounds.
//
// Threads: a call per file, from any thread.
// Bytes: ZSTD, data page v1, encodings PLAIN, dictionary and DELTA_BINARY_PACKED only.
// Does not: sort or partition; the caller has done both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/schema.h"

namespace arrow {
class Schema;
class Table;
}  // namespace arrow

namespace tradelake::iceberg {

// The Arrow schema whose data write_data_file() takes: names, types, nullability and
// PARQUET:field_id on every node. Dictionary-encoded columns of the same value type are accepted too.
std::shared_ptr<arrow::Schema> to_arrow_schema(const Schema& schema);

struct ParquetOptions {
  int zstd_level = 3;
  std::int64_t row_group_rows = 1'000'000;
  std::vector<std::string> plain_columns;  // without dictionary: (nearly) unique values
  std::vector<std::string> delta_columns;  // int or timestamp columns as DELTA_BINARY_PACKED
};

struct DataFileTarget {
  std::string uri;
  SpecId spec_id;
  PartitionTuple partition;
  std::optional<SortOrderId> sort_order_id;
};

// Encodes in memory, writes through `io`, and returns the file's manifest description.
Result<DataFile> write_data_file(FileIo& io, const DataFileTarget& target, const Schema& schema,
                                 const arrow::Table& rows, const ParquetOptions& options);

}  // namespace tradelake::iceberg
