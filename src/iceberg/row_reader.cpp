#include "iceberg/row_reader.h"

#include <cstring>

#include <arrow/api.h>
#include <arrow/util/decimal.h>

namespace tradelake::iceberg {

RowReader::RowReader(const arrow::Table& table) : rows_(table.num_rows()) {
  for (const auto& column : table.columns()) {
    auto joined = arrow::Concatenate(column->chunks());
    if (joined.ok()) {
      columns_.push_back(std::move(joined).ValueUnsafe());
    } else {
      columns_.push_back(arrow::MakeEmptyArray(column->type()).ValueOrDie());
    }
  }
}
RowReader::~RowReader() = default;

bool RowReader::is_null(int column, std::int64_t row) const {
  return columns_[static_cast<std::size_t>(column)]->IsNull(row);
}

std::string_view RowReader::text(int column, std::int64_t row) const {
  const auto& array = *columns_[static_cast<std::size_t>(column)];
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
    return static_cast<const arrow::StringArray&>(*encoded.dictionary())
        .GetView(encoded.GetValueIndex(row));
  }
  return static_cast<const arrow::BinaryArray&>(array).GetView(row);
}

std::int64_t RowReader::integer(int column, std::int64_t row) const {
  const auto& array = *columns_[static_cast<std::size_t>(column)];
  if (array.type_id() == arrow::Type::INT32 || array.type_id() == arrow::Type::DATE32) {
    return array.data()->GetValues<std::int32_t>(1)[row];
  }
  return array.data()->GetValues<std::int64_t>(1)[row];
}

int128_t RowReader::decimal(int column, std::int64_t row) const {
  const auto& array =
      static_cast<const arrow::Decimal128Array&>(*columns_[static_cast<std::size_t>(column)]);
  int128_t value;
  std::memcpy(&value, array.Value(row), sizeof value);
  return value;
}

bool RowReader::boolean(int column, std::int64_t row) const {
  return static_cast<const arrow::BooleanArray&>(*columns_[static_cast<std::size_t>(column)])
      .Value(row);
}

}  // namespace tradelake::iceberg
