#include "iceberg/arrow_values.h"

#include <cstring>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include "iceberg/arrow_error.h"

namespace tradelake::iceberg {
namespace {

template <class ArrowArray>
Value number(const arrow::Array& array, std::int64_t row) {
  return static_cast<const ArrowArray&>(array).Value(row);
}

template <class ArrowArray>
Value bytes(const arrow::Array& array, std::int64_t row) {
  return std::string(static_cast<const ArrowArray&>(array).GetView(row));
}

}  // namespace

std::optional<Value> value_at(const Type& type, const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return std::nullopt;
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
    return value_at(type, *encoded.dictionary(), encoded.GetValueIndex(row));
  }
  switch (type.kind) {
    case TypeKind::boolean:
      return number<arrow::BooleanArray>(array, row);
    case TypeKind::int32:
      return number<arrow::Int32Array>(array, row);
    case TypeKind::date:
      return number<arrow::Date32Array>(array, row);
    case TypeKind::int64:
      return number<arrow::Int64Array>(array, row);
    case TypeKind::time:
      return number<arrow::Time64Array>(array, row);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return number<arrow::TimestampArray>(array, row);
    case TypeKind::float32:
      return number<arrow::FloatArray>(array, row);
    case TypeKind::float64:
      return number<arrow::DoubleArray>(array, row);
    case TypeKind::decimal: {
      int128_t unscaled;
      std::memcpy(&unscaled, static_cast<const arrow::Decimal128Array&>(array).GetValue(row),
                  sizeof unscaled);
      return Value{unscaled};
    }
    case TypeKind::string:
    case TypeKind::binary:
      return bytes<arrow::BinaryArray>(array, row);
    case TypeKind::fixed:
      return bytes<arrow::FixedSizeBinaryArray>(array, row);
    case TypeKind::uuid:
      if (array.type_id() != arrow::Type::EXTENSION)
        return bytes<arrow::FixedSizeBinaryArray>(array, row);
      return bytes<arrow::FixedSizeBinaryArray>(
          *static_cast<const arrow::ExtensionArray&>(array).storage(), row);
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
      break;
  }
  return std::nullopt;
}

Result<ArrayChunks> child_chunks(const ArrayChunks& structs, std::size_t n) {
  ArrayChunks children;
  for (const auto& chunk : structs) {
    const auto& parent = static_cast<const arrow::StructArray&>(*chunk);
    TL_ASSIGN(auto child,
              checked(parent.GetFlattenedField(static_cast<int>(n)), "flattening a struct"));
    children.push_back(std::move(child));
  }
  return children;
}

}  // namespace tradelake::iceberg
