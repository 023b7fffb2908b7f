// Rows that come piece by piece.
//
// Threads: one.
#pragma once

#include <functional>
#include <memory>

#include "core/error.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

// The next rows, all columns of a schema in its order; nullptr at the end. Not called after that,
// or after an error.
using RowSource = std::function<Result<std::shared_ptr<arrow::Table>>()>;

}  // namespace tradelake::iceberg
