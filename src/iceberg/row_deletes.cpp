#include "iceberg/row_deletes.h"

#include <algorithm>
#include <utility>

#include <arrow/table.h>

#include "iceberg/position_deletes.h"

namespace tradelake::iceberg {
Result<RowDeletes> RowDeletes::read(const TableMetadata& metadata, FileIo& io, const DataFile& data,
                                    const std::vector<std::shared_ptr<const DataFile>>& deletes,
                                    std::int64_t data_rows) {
  RowDeletes all;
  TL_ASSIGN(all.equality_, EqualityDeletes::read(metadata, io, deletes));
  for (const auto& file : deletes) {
    if (file->content != FileContent::position_deletes) continue;
    TL_ASSIGN(const auto positions,
              read_position_deletes(metadata, io, *file, data.path, data_rows));
    all.positions_.insert(all.positions_.end(), positions.begin(), positions.end());
  }
  std::ranges::sort(all.positions_);
  return all;
}

Result<RowDeletes::Rows> RowDeletes::deselect(
    std::shared_ptr<arrow::Table> rows, std::span<const ParquetFileReader::Span> spans) const {
  Selection left(static_cast<std::size_t>(rows->num_rows()), 1);
  const auto keys = compared().size();
  if (keys > 0) {
    // Apart from the rest: columns that were dropped may be called as others are now.
    const auto others = static_cast<std::size_t>(rows->num_columns()) - keys;
    TL_ASSIGN(const auto compared, column_range(*rows, others, keys));
    TL_TRY(equality_.deselect(*compared, left));
    TL_ASSIGN(rows, column_range(*rows, 0, others));
  }
  std::int64_t begin = 0;  // of the span, in the rows
  for (const auto& span : spans) {
    for (auto at = std::ranges::lower_bound(positions_, span.first_row);
         at != positions_.end() && *at < span.first_row + span.rows; ++at) {
      left[static_cast<std::size_t>(begin + *at - span.first_row)] = 0;
    }
    begin += span.rows;
  }
  return Rows{std::move(rows), std::move(left)};
}

}  // namespace tradelake::iceberg
