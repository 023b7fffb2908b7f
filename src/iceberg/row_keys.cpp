#include "iceberg/row_keys.h"

#include <cmath>
#include <limits>

#include <arrow/array.h>
#include <arrow/extension_type.h>

namespace tradelake::iceberg {

namespace {

template <class T>
void append_bytes(T value, std::string& key) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
  }
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void append_number(const arrow::Array& array, std::int64_t row, std::string& key) {
  append_bytes(array.data()->GetValues<T>(1)[row], key);
}

void append_value(const arrow::Array& array, std::int64_t row, std::string& key) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return append_bytes(static_cast<const arrow::BooleanArray&>(array).Value(row), key);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return append_number<std::int32_t>(array, row, key);
    case arrow::Type::FLOAT:
      return append_number<float>(array, row, key);
    case arrow::Type::DOUBLE:
      return append_number<double>(array, row, key);
    case arrow::Type::DECIMAL128:
    case arrow::Type::FIXED_SIZE_BINARY:
      key += static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
      return;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const auto text = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      append_bytes(text.size(), key);
      key += text;
      return;
    }
    case arrow::Type::EXTENSION:
      return append_value(*static_cast<const arrow::ExtensionArray&>(array).storage(), row, key);
    case arrow::Type::STRUCT: {
      const auto& structs = static_cast<const arrow::StructArray&>(array);
      for (int i = 0; i < structs.num_fields(); ++i) append_key(*structs.field(i), row, key);
      return;
    }
    default:  // int64, time, timestamps
      return append_number<std::int64_t>(array, row, key);
  }
}

}  // namespace

void append_key(const arrow::Array& array, std::int64_t row, std::string& key) {
  const bool null = array.IsNull(row);
  key += null ? '\0' : '\1';
  if (!null) append_value(array, row, key);
}

}  // namespace tradelake::iceberg
