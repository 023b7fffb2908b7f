#include "iceberg/new_data_file.h"

#include <fmt/format.h>

#include "iceberg/random_id.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {

Result<DataFile> write_new_data_file(FileIo& io, const TableMetadata& metadata,
                                     const PartitionTuple& partition, const arrow::Table& rows,
                                     const ParquetOptions& options) {
  const auto folder = partition_path(metadata.schema(), metadata.spec(), partition);
  auto uri = fmt::format("{}/{}{}{}.parquet", data_folder(metadata), folder,
                         folder.empty() ? "" : "/", random_uuid());
  return write_data_file(
      io, {std::move(uri), metadata.spec().id, partition, metadata.default_sort_order_id},
      metadata.schema(), rows, options);
}

}  // namespace tradelake::iceberg
