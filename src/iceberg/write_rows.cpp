#include "iceberg/write_rows.h"

#include <arrow/table.h>

#include "iceberg/declared_schema.h"
#include "iceberg/new_data_file.h"
#include "iceberg/partition_rows.h"
#include "iceberg/promoted_fields.h"

namespace tradelake::iceberg {

Result<std::vector<DataFile>> write_rows(FileIo& io, const TableMetadata& metadata,
                                         const Schema& declared, std::shared_ptr<arrow::Table> rows,
                                         const ParquetOptions& options) {
  if (rows->num_rows() == 0) return std::vector<DataFile>{};
  TL_ASSIGN(auto fitted, fit_rows(metadata, declared, std::move(rows)));
  TL_ASSIGN(fitted, fill_promoted(metadata, std::move(fitted)));
  return write_whole_rows(io, metadata, fitted, fit_options(metadata, declared, options));
}

Result<std::vector<DataFile>> write_whole_rows(FileIo& io, const TableMetadata& metadata,
                                               const std::shared_ptr<arrow::Table>& rows,
                                               const ParquetOptions& options) {
  std::vector<DataFile> files;
  TL_ASSIGN(const auto partitions, partition_rows(metadata.schema(), metadata.spec(), rows));
  for (const auto& [tuple, of_partition] : partitions) {
    TL_ASSIGN(auto file, write_new_data_file(io, metadata, tuple, *of_partition, options));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tradelake::iceberg
