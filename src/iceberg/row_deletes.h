// What delete files take out of one data file, read: for a reader of its rows, in pieces or whole.
//
// Threads: immutable after read().
// Does not: choose the delete files (DeleteIndex does), or keep them for the next data file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "iceberg/equality_deletes.h"
#include "iceberg/parquet_file_reader.h"

namespace tradelake::iceberg {

class RowDeletes {
 public:
  // Of a data file of `data_rows` rows. Errors: those of reading delete files; they name the file.
  static Result<RowDeletes> read(const TableMetadata& metadata, FileIo& io, const DataFile& data,
                                 const std::vector<std::shared_ptr<const DataFile>>& deletes,
                                 std::int64_t data_rows);

  // The columns by whose values rows are deleted; deselect() wants them behind all others.
  std::vector<const NestedField*> compared() const { return equality_.fields(); }

  using Rows = std::pair<std::shared_ptr<arrow::Table>, Selection>;
  // `rows` are those of the spans, one after the other. Gives them without the columns of
  // compared(), and which of them are left.
  Result<Rows> deselect(std::shared_ptr<arrow::Table> rows,
                        std::span<const ParquetFileReader::Span> spans) const;

 private:
  EqualityDeletes equality_;
  std::vector<std::int64_t> positions_;  // ascending
};

}  // namespace tradelake::iceberg
