// One Parquet file of a table, open: its columns by field id, its rows as Arrow tables.
//
// Threads: one at a time. Parquet's exceptions come through: reading() makes errors of them.
// Invariant: what rows() gives has exactly the fields asked for, under their names and types.
// Does not: filter rows, or know of delete files.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/filter_binding.h"
#include "iceberg/filter_pruning.h"
#include "iceberg/name_mapping.h"
#include "iceberg/parquet_columns.h"
#include "iceberg/table_metadata.h"

namespace arrow {
class ChunkedArray;
class RecordBatchReader;
class Table;
}  // namespace arrow
namespace parquet {
class RowGroupMetaData;
}
namespace parquet::arrow {
class FileReader;
}

namespace tradelake::iceberg {

// Result of `read`, which reads this file: whatever goes wrong is an error that names it. `kind` is
// "data" or "delete". Errors: also unsupported (no Parquet), corrupt (an exception of Parquet's).
template <class Read>
auto reading(std::string_view kind, const DataFile& file, const Read& read) -> decltype(read()) {
  if (file.format != "PARQUET" && file.format != "parquet") {
    return make_error(Errc::unsupported, "{} file {} is {}; only PARQUET can be read", kind,
                      file.path, file.format);
  }
  try {
    auto result = read();
    if (!result) {
      return in_context(std::move(result).error(),
                        fmt::format("reading {} file {}", kind, file.path));
    }
    return result;
  } catch (const std::exception& e) {  // Parquet's, and what damaged lengths lead to
    return make_error(Errc::corrupt, "reading {} file {}: {}", kind, file.path, e.what());
  }
}

class ParquetFileReader {
 public:
  // `mapping` has the ids of a file that was written without. Metadata and file must outlive this.
  // `batch_rows`: of batches(), which then hold no more than that; 0: for rows() alone.
  static Result<ParquetFileReader> open(const TableMetadata& metadata, FileIo& io,
                                        const DataFile& file,
                                        const std::vector<MappedField>& mapping,
                                        std::int64_t batch_rows = 0);
  ParquetFileReader(ParquetFileReader&&) noexcept;
  ~ParquetFileReader();

  std::int64_t row_count() const;
  bool has(FieldId top_level_field) const;
  // The row groups that may hold matching rows, ascending.
  std::vector<int> matching_row_groups(const BoundFilter& filter) const;

  struct Span {
    std::int64_t first_row = 0;  // of the group, in the file
    std::int64_t rows = 0;
  };
  std::vector<Span> spans(const std::vector<int>& groups) const;

  // The rows of these groups, one after the other. Errors: unsupported (a type that is no
  // promotion's source), corrupt (a required field is not in the file), io.
  Result<std::shared_ptr<arrow::Table>> rows(const std::vector<const NestedField*>& fields,
                                             const std::vector<int>& groups);

  // All rows as they lie in the file, batch by batch; project() makes of a batch what rows() gives.
  Result<std::shared_ptr<arrow::RecordBatchReader>> batches(
      const std::vector<const NestedField*>& fields);
  Result<std::shared_ptr<arrow::Table>> project(const std::vector<const NestedField*>& fields,
                                                const arrow::Table& found,
                                                std::int64_t count) const;

 private:
  ParquetFileReader(const TableMetadata& metadata, const DataFile& file,
                    std::unique_ptr<parquet::arrow::FileReader> reader,
                    const std::vector<MappedField>& mapping);
  std::vector<int> leaves_of(const std::vector<const NestedField*>& fields) const;
  Result<std::shared_ptr<arrow::ChunkedArray>> column_data(const NestedField& field,
                                                           const arrow::Table& found,
                                                           const std::vector<int>& roots,
                                                           std::int64_t count) const;
  ValueRange range(const NestedField& field, const parquet::RowGroupMetaData& group) const;

  const TableMetadata* metadata_;
  const DataFile* file_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::vector<FileColumn> columns_;
};

}  // namespace tradelake::iceberg
