#include "iceberg/new_data_file.h"

#include <fmt/format.h>

#include "iceberg/random_id.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {

std::string data_file_uri(const TableMetadata& metadata, const PartitionSpec& spec,
                          const PartitionTuple& partition, std::string_view name) {
  const auto folder = partition_path(metadata.schema(), spec, partition);
  return fmt::format("{}/{}{}{}", data_folder(metadata), folder, folder.empty() ? "" : "/", name);
}

Result<DataFile> write_new_data_file(FileIo& io, const TableMetadata& metadata,
                                     const PartitionTuple& partition, const arrow::Table& rows,
                                     const ParquetOptions& options) {
  auto uri = data_file_uri(metadata, metadata.spec(), partition, random_uuid() + ".parquet");
  return write_data_file(
      io, {std::move(uri), metadata.spec().id, partition, metadata.default_sort_order_id},
      metadata.schema(), rows, options);
}

}  // namespace tradelake::iceberg
