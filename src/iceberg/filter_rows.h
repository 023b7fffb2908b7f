// Exact filtering of Arrow rows.
//
// Threads: functions without state.
// Does not: read columns; those of the filter are in the rows under their current names.
#pragma once

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

}  // namespace tradelake::iceberg
