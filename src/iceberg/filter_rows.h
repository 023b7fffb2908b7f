// Exact filtering of Arrow rows.
//
// Threads: functions without state.
// Does not: read columns; those of the filter are in the rows under their current names.
#pragma once

#include <memory>

#include "core/error.h"
#include "iceberg/filter_binding.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

// The rows for which all predicates hold. Columns have the types of to_arrow_type().
Result<std::shared_ptr<arrow::Table>> filter_rows(const BoundFilter& filter,
                                                  std::shared_ptr<arrow::Table> rows);

}  // namespace tradelake::iceberg
