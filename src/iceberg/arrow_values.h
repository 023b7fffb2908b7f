// Cells of Arrow columns as values.
//
// Threads: functions. Columns have the types of to_arrow_type(), or are dictionaries of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.h"
#include "iceberg/type.h"
#include "iceberg/value.h"

namespace arrow {
class Array;
}

namespace tradelake::iceberg {

// `type` is primitive; nothing = null.
std::optional<Value> value_at(const Type& type, const arrow::Array& array, std::int64_t row);

// The n-th field of each struct, null where the struct is.
using ArrayChunks = std::vector<std::shared_ptr<arrow::Array>>;
Result<ArrayChunks> child_chunks(const ArrayChunks& structs, std::size_t n);

}  // namespace tradelake::iceberg
