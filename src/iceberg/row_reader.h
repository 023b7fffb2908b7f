// Cell by cell access to what read_data_file() returned.
//
// Threads: one. Does not: check types beyond what the caller asks for; a wrong column name or type
// is a programmer's error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/int128.h"

namespace arrow {
class Array;
class Table;
}  // namespace arrow

namespace tradelake::iceberg {

class RowReader {
 public:
  explicit RowReader(const arrow::Table& table);
  ~RowReader();

  std::int64_t rows() const { return rows_; }
  bool is_null(int column, std::int64_t row) const;
  std::string_view text(int column, std::int64_t row) const;  // string or binary
  std::int64_t integer(int column, std::int64_t row) const;   // int32, int64, date or timestamp
  int128_t decimal(int column, std::int64_t row) const;       // unscaled
  bool boolean(int column, std::int64_t row) const;

 private:
  std::vector<std::shared_ptr<arrow::Array>> columns_;
  std::int64_t rows_;
};

}  // namespace tradelake::iceberg
