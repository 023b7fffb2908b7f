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
  std::vector<DataFile> files;
  if (rows->num_rows() == 0) return files;
  TL_ASSIGN(auto fitted, fit_rows(metadata, declared, std::move(rows)));
  TL_ASSIGN(fitted, fill_promoted(metadata, std::move(fitted)));
  const auto fitted_options = fit_options(metadata, declared, options);
  TL_ASSIGN(const auto partitions, partition_rows(metadata.schema(), metadata.spec(), fitted));
  for (const auto& [tuple, of_partition] : partitions) {
    TL_ASSIGN(auto file, write_new_data_file(io, metadata, tuple, *of_partition, fitted_options));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tradelake::iceberg
