#include "iceberg/columns.h"

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

namespace tradelake::iceberg {
namespace {

// Running out of memory is the only way these allocations fail, and there is no going on then.
std::shared_ptr<arrow::Buffer> allocate(std::size_t bytes) {
  auto buffer = arrow::AllocateBuffer(static_cast<std::int64_t>(bytes));
  if (!buffer.ok()) throw std::bad_alloc();
  return std::move(buffer).ValueUnsafe();
}

struct Validity {
  std::shared_ptr<arrow::Buffer> bits;  // null: every row is valid
  std::int64_t nulls = 0;
};

template <class IsNull>
Validity validity(RowOrder rows, const IsNull& is_null) {
  Validity result;
  for (const auto row : rows) result.nulls += is_null(row);
  if (result.nulls == 0) return result;
  result.bits = allocate(arrow::bit_util::BytesForBits(static_cast<std::int64_t>(rows.size())));
  auto* bits = result.bits->mutable_data();
  std::fill(bits, bits + result.bits->size(), std::uint8_t{0});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!is_null(rows[i])) arrow::bit_util::SetBit(bits, static_cast<std::int64_t>(i));
  }
  return result;
}

template <class T>
Column number_column(std::shared_ptr<arrow::DataType> type, std::span<const T> values,
                     RowOrder rows, std::optional<T> null) {
  auto data = allocate(rows.size() * sizeof(T));
  auto* out = reinterpret_cast<T*>(data->mutable_data());
  for (std::size_t i = 0; i < rows.size(); ++i) out[i] = values[rows[i]];
  Validity valid;
  if (null) valid = validity(rows, [&](std::uint32_t row) { return values[row] == *null; });
  return arrow::MakeArray(arrow::ArrayData::Make(std::move(type),
                                                 static_cast<std::int64_t>(rows.size()),
                                                 {valid.bits, std::move(data)}, valid.nulls));
}

template <class Builder>
Column bytes_column(const std::function<std::optional<std::string_view>(std::uint32_t)>& bytes_of,
                    RowOrder rows) {
  Builder builder;
  Column column;
  auto status = builder.Reserve(static_cast<std::int64_t>(rows.size()));
  for (const auto row : rows) {
    if (!status.ok()) break;
    const auto bytes = bytes_of(row);
    status = bytes ? builder.Append(*bytes) : builder.AppendNull();
  }
  if (status.ok()) status = builder.Finish(&column);
  if (!status.ok()) throw std::bad_alloc();
  return column;
}

}  // namespace

Column int32_column(std::span<const std::int32_t> values, RowOrder rows,
                    std::optional<std::int32_t> null) {
  return number_column(arrow::int32(), values, rows, null);
}
Column int64_column(std::span<const std::int64_t> values, RowOrder rows,
                    std::optional<std::int64_t> null) {
  return number_column(arrow::int64(), values, rows, null);
}
Column timestamp_column(std::span<const std::int64_t> values_us, RowOrder rows,
                        std::optional<std::int64_t> null) {
  return number_column(arrow::timestamp(arrow::TimeUnit::MICRO), values_us, rows, null);
}

Column decimal_column(std::span<const int128_t> units, RowOrder rows,
                      const std::vector<bool>* null) {
  auto data = allocate(rows.size() * sizeof(int128_t));
  auto* out = reinterpret_cast<int128_t*>(data->mutable_data());
  for (std::size_t i = 0; i < rows.size(); ++i) out[i] = units[rows[i]];
  Validity valid;
  if (null != nullptr) valid = validity(rows, [&](std::uint32_t row) { return (*null)[row]; });
  return arrow::MakeArray(arrow::ArrayData::Make(arrow::decimal128(38, 18),
                                                 static_cast<std::int64_t>(rows.size()),
                                                 {valid.bits, std::move(data)}, valid.nulls));
}

Column boolean_column(std::span<const std::int8_t> values, RowOrder rows) {
  const auto length = static_cast<std::int64_t>(rows.size());
  auto data = allocate(arrow::bit_util::BytesForBits(length));
  auto* bits = data->mutable_data();
  std::fill(bits, bits + data->size(), std::uint8_t{0});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (values[rows[i]] == 1) arrow::bit_util::SetBit(bits, static_cast<std::int64_t>(i));
  }
  const auto valid =
      validity(rows, [&](std::uint32_t row) { return values[row] != 0 && values[row] != 1; });
  return arrow::MakeArray(
      arrow::ArrayData::Make(arrow::boolean(), length, {valid.bits, std::move(data)}, valid.nulls));
}

Column text_by_number_column(std::span<const std::string> values,
                             const std::function<std::uint32_t(std::uint32_t)>& number_of,
                             RowOrder rows, std::optional<std::uint32_t> null_number) {
  arrow::StringBuilder texts;
  Column dictionary;
  auto status = arrow::Status::OK();
  for (const auto& value : values) {
    if (status.ok()) status = texts.Append(value);
  }
  if (status.ok()) status = texts.Finish(&dictionary);
  if (!status.ok()) throw std::bad_alloc();
  auto data = allocate(rows.size() * sizeof(std::int32_t));
  auto* out = reinterpret_cast<std::int32_t*>(data->mutable_data());
  for (std::size_t i = 0; i < rows.size(); ++i)
    out[i] = static_cast<std::int32_t>(number_of(rows[i]));
  Validity valid;
  if (null_number)
    valid = validity(rows, [&](std::uint32_t row) { return number_of(row) == *null_number; });
  auto indices = arrow::MakeArray(
      arrow::ArrayData::Make(arrow::int32(), static_cast<std::int64_t>(rows.size()),
                             {valid.bits, std::move(data)}, valid.nulls));
  return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                                  indices, dictionary);
}

Column text_column(const std::function<std::optional<std::string_view>(std::uint32_t)>& text_of,
                   RowOrder rows) {
  return bytes_column<arrow::StringBuilder>(text_of, rows);
}
Column binary_column(const std::function<std::optional<std::string_view>(std::uint32_t)>& bytes_of,
                     RowOrder rows) {
  return bytes_column<arrow::BinaryBuilder>(bytes_of, rows);
}

Column text_map_column(const std::function<TextPairs(std::uint32_t)>& pairs_of, RowOrder rows) {
  const auto type = std::static_pointer_cast<arrow::MapType>(
      arrow::map(arrow::utf8(), arrow::field("value", arrow::utf8(), false)));
  auto keys = std::make_shared<arrow::StringBuilder>();
  auto values = std::make_shared<arrow::StringBuilder>();
  arrow::MapBuilder builder(arrow::default_memory_pool(), keys, values, type);
  Column column;
  auto status = arrow::Status::OK();
  for (const auto row : rows) {
    const auto pairs = pairs_of(row);
    status &= pairs.empty() ? builder.AppendNull() : builder.Append();
    for (const auto& [key, value] : pairs) {
      status &= keys->Append(key);
      status &= values->Append(value);
    }
  }
  status &= builder.Finish(&column);
  if (!status.ok()) throw std::bad_alloc();
  return column;
}

std::shared_ptr<arrow::Table> table_of(const std::vector<std::pair<std::string, Column>>& columns) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<Column> arrays;
  for (const auto& [name, column] : columns) {
    fields.push_back(arrow::field(name, column->type()));
    arrays.push_back(column);
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays);
}

}  // namespace tradelake::iceberg
