// Column metrics of a data file just written («Data File Fields»): sizes, counts, bounds.
//
// Threads: one at a time.
// Cost: everything comes from the Parquet footer, except what it cannot hold: NaN counts, and
// bounds of texts longer than Parquet's limit for statistics (4096 bytes); the values of such
// columns are passed over once. Invariant: metrics.default = truncate(16); nothing inside a list or
// map has bounds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace arrow {
class Array;
class Table;
}  // namespace arrow
namespace parquet {
class FileMetaData;
}

namespace tradelake::iceberg {

// Of a file that is written piece by piece: add() each piece, finish() when the footer is there.
class MetricsCollector {
 public:
  explicit MetricsCollector(const Schema& schema) : schema_(schema) {}

  // `rows` are the file's next ones: all columns of the schema, in its order.
  Result<> add(const arrow::Table& rows);
  // Fills record_count, column_sizes, the counts, the bounds and split_offsets of `file`. Leaf i of
  // the schema is column i of the file.
  void finish(const parquet::FileMetaData& metadata, DataFile& file) const;

 private:
  // Of a leaf outside lists and maps, what its values said.
  struct Seen {
    std::int64_t nan_values = 0;
    std::optional<Value> lower, upper;
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;  // first and end of what they are of
  };
  using Chunks = std::vector<std::shared_ptr<arrow::Array>>;
  struct Walk;

  Result<> add_field(const NestedField& field, const Chunks& chunks, std::int64_t first_row);
  Result<> add_leaf(const NestedField& field, const Chunks& chunks, std::int64_t first_row);

  const Schema& schema_;
  std::int64_t rows_ = 0;
  std::map<FieldId, Seen> seen_;
};

}  // namespace tradelake::iceberg
