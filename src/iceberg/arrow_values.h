// Cells of Arrow columns as values.
//
// Threads: functions. Columns have the types of to_arrow_type(), or are dictionaries of them.
#pragma once

#include <cstdint>
#include <optional>

#include "iceberg/type.h"
#include "iceberg/value.h"

namespace arrow {
class Array;
}

namespace tradelake::iceberg {

// `type` is primitive; nothing = null.
std::optional<Value> value_at(const Type& type, const arrow::Array& array, std::int64_t row);

}  // namespace tradelake::iceberg
