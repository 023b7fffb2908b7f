// Exact filtering of Arrow rows, and columns by their place.
//
// Threads: functions without state.
// Does not: read columns; those of the filter are in the rows under their current names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/error.h"
#include "iceberg/filter_binding.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

// A byte per row: 1 = it is wanted, 0 = it is not.
using Selection = std::vector<std::uint8_t>;

// The rows for which all predicates hold, of those selected (empty = of all). Columns have the
// types of to_arrow_type().
Result<std::shared_ptr<arrow::Table>> filter_rows(const BoundFilter& filter,
                                                  std::shared_ptr<arrow::Table> rows,
                                                  Selection selection = {});

// `count` columns from `first` on, whatever they are called.
Result<std::shared_ptr<arrow::Table>> column_range(const arrow::Table& rows, std::size_t first,
                                                   std::size_t count);

}  // namespace tradelake::iceberg
