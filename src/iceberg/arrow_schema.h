// Iceberg types as Arrow types, with the field id on every node.
//
// Threads: functions without state.
// Does not: read schemas of files (parquet_columns.h); to_arrow_schema() is in parquet_writer.h.
#pragma once

#include <memory>
#include <optional>

#include "iceberg/type.h"

namespace arrow {
class DataType;
class Field;
}  // namespace arrow

namespace tradelake::iceberg {

std::shared_ptr<arrow::DataType> to_arrow_type(const Type& type);
std::shared_ptr<arrow::Field> to_arrow_field(const NestedField& field);

// The id in the field's PARQUET:field_id; nothing if it has none.
std::optional<FieldId> field_id_of(const arrow::Field& field);

}  // namespace tradelake::iceberg
