// Arrow data as a file has it, made into what the table's current schema says.
//
// Threads: functions without state.
// Invariant: columns are matched by field id; the result has exactly the type of to_arrow_type().
// Does not: change values, other than the promotions Iceberg allows.
#pragma once

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "iceberg/parquet_columns.h"
#include "iceberg/type.h"
#include "iceberg/value.h"

namespace arrow {
class Array;
class ChunkedArray;
struct Scalar;
}  // namespace arrow

namespace tradelake::iceberg {

// Errors: unsupported: the file's type is no promotion's source; corrupt: a required field inside a
// struct is not in the file.
Result<std::shared_ptr<arrow::ChunkedArray>> project_column(const NestedField& wanted,
                                                            const FileColumn& found,
                                                            const arrow::ChunkedArray& data);

// Of a primitive type. Errors: corrupt (another type's value).
Result<std::shared_ptr<arrow::Scalar>> to_scalar(const Type& type, const Value& value);

// A column that the file does not have: nulls, or everywhere the same value.
Result<std::shared_ptr<arrow::Array>> constant_column(const NestedField& wanted,
                                                      const std::optional<Value>& value,
                                                      std::int64_t length);

}  // namespace tradelake::iceberg
