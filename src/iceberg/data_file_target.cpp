#include "iceberg/data_file_target.h"

#include <fmt/format.h>

#include "iceberg/random_id.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {

DataFileTarget new_data_file_target(const TableMetadata& metadata, const PartitionTuple& partition,
                                    std::optional<SortOrderId> sort_order_id) {
  const auto folder = partition_path(metadata.schema(), metadata.spec(), partition);
  auto uri = fmt::format("{}/{}{}{}.parquet", data_folder(metadata), folder,
                         folder.empty() ? "" : "/", random_uuid());
  return {std::move(uri), metadata.spec().id, partition, sort_order_id};
}

}  // namespace tradelake::iceberg
