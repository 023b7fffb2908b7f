// Columns as plain values: what the Parquet tests build tables from, and compare with.
//
// Threads: functions without state.
#pragma once

#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/chunked_array.h>
#include <arrow/extension_type.h>
#include <arrow/table.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include "iceberg/arrow_schema.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/schema.h"
#include "iceberg/value.h"

namespace tradelake::iceberg {

using Cell = std::optional<Value>;
using Column = std::vector<Cell>;

template <class Builder, class T>
std::shared_ptr<arrow::Array> build(Builder& builder, const Column& cells) {
  for (const Cell& cell : cells) {
    arrow::Status status;
    if (!cell) {
      status = builder.AppendNull();
    } else if constexpr (std::is_same_v<T, int128_t>) {
      const auto number = std::get<int128_t>(*cell);
      status = builder.Append(arrow::Decimal128(static_cast<std::int64_t>(number >> 64),
                                                static_cast<std::uint64_t>(number)));
    } else {
      status = builder.Append(std::get<T>(*cell));
    }
    if (!status.ok()) ADD_FAILURE() << status.ToString();
  }
  return *builder.Finish();
}

inline std::shared_ptr<arrow::Array> to_array(const Type& type, const Column& cells) {
  const auto arrow_type = to_arrow_type(type);
  auto* pool = arrow::default_memory_pool();
  switch (type.kind) {
    case TypeKind::boolean: {
      arrow::BooleanBuilder builder;
      return build<arrow::BooleanBuilder, bool>(builder, cells);
    }
    case TypeKind::int32: {
      arrow::Int32Builder builder;
      return build<arrow::Int32Builder, std::int32_t>(builder, cells);
    }
    case TypeKind::date: {
      arrow::Date32Builder builder;
      return build<arrow::Date32Builder, std::int32_t>(builder, cells);
    }
    case TypeKind::int64: {
      arrow::Int64Builder builder;
      return build<arrow::Int64Builder, std::int64_t>(builder, cells);
    }
    case TypeKind::time: {
      arrow::Time64Builder builder(arrow_type, pool);
      return build<arrow::Time64Builder, std::int64_t>(builder, cells);
    }
    case TypeKind::timestamp:
    case TypeKind::timestamptz: {
      arrow::TimestampBuilder builder(arrow_type, pool);
      return build<arrow::TimestampBuilder, std::int64_t>(builder, cells);
    }
    case TypeKind::float32: {
      arrow::FloatBuilder builder;
      return build<arrow::FloatBuilder, float>(builder, cells);
    }
    case TypeKind::float64: {
      arrow::DoubleBuilder builder;
      return build<arrow::DoubleBuilder, double>(builder, cells);
    }
    case TypeKind::decimal: {
      arrow::Decimal128Builder builder(arrow_type);
      return build<arrow::Decimal128Builder, int128_t>(builder, cells);
    }
    case TypeKind::string: {
      arrow::StringBuilder builder;
      return build<arrow::StringBuilder, std::string>(builder, cells);
    }
    case TypeKind::binary: {
      arrow::BinaryBuilder builder;
      return build<arrow::BinaryBuilder, std::string>(builder, cells);
    }
    case TypeKind::fixed: {
      arrow::FixedSizeBinaryBuilder builder(arrow_type);
      return build<arrow::FixedSizeBinaryBuilder, std::string>(builder, cells);
    }
    default: {
      arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(16));
      return arrow::ExtensionType::WrapArray(
          arrow_type, build<arrow::FixedSizeBinaryBuilder, std::string>(builder, cells));
    }
  }
}

inline Cell cell_at(TypeKind kind, const arrow::Array& array, std::int64_t i) {
  if (array.IsNull(i)) return {};
  switch (kind) {
    case TypeKind::boolean:
      return static_cast<const arrow::BooleanArray&>(array).Value(i);
    case TypeKind::int32:
      return static_cast<const arrow::Int32Array&>(array).Value(i);
    case TypeKind::date:
      return static_cast<const arrow::Date32Array&>(array).Value(i);
    case TypeKind::int64:
      return static_cast<const arrow::Int64Array&>(array).Value(i);
    case TypeKind::time:
      return static_cast<const arrow::Time64Array&>(array).Value(i);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return static_cast<const arrow::TimestampArray&>(array).Value(i);
    case TypeKind::float32:
      return static_cast<const arrow::FloatArray&>(array).Value(i);
    case TypeKind::float64:
      return static_cast<const arrow::DoubleArray&>(array).Value(i);
    case TypeKind::decimal: {
      int128_t number;
      std::memcpy(&number, static_cast<const arrow::Decimal128Array&>(array).GetValue(i),
                  sizeof number);
      return number;
    }
    case TypeKind::string:
    case TypeKind::binary:
      return std::string(static_cast<const arrow::BinaryArray&>(array).GetView(i));
    case TypeKind::fixed:
      return std::string(static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(i));
    default: {
      const auto& storage = *static_cast<const arrow::ExtensionArray&>(array).storage();
      return std::string(static_cast<const arrow::FixedSizeBinaryArray&>(storage).GetView(i));
    }
  }
}

inline Column to_cells(const Type& type, const arrow::ChunkedArray& column) {
  Column cells;
  for (const auto& chunk : column.chunks()) {
    for (std::int64_t i = 0; i < chunk->length(); ++i)
      cells.push_back(cell_at(type.kind, *chunk, i));
  }
  return cells;
}

inline std::shared_ptr<arrow::Table> to_table(const Schema& schema,
                                              const std::vector<Column>& columns) {
  arrow::ArrayVector arrays;
  for (std::size_t i = 0; i < columns.size(); ++i)
    arrays.push_back(to_array(*schema.fields[i].type, columns[i]));
  return arrow::Table::Make(to_arrow_schema(schema), arrays);
}

// Bit for bit, so that NaN equals itself and the zeros differ.
inline bool same(const Cell& a, const Cell& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return compare(*a, *b) == 0;
}

inline bool same(const Column& a, const Column& b) {
  return std::ranges::equal(a, b, [](const Cell& x, const Cell& y) { return same(x, y); });
}

inline NestedField field(std::int32_t id, std::string name, TypePtr type, bool required = false) {
  return {FieldId{id}, std::move(name), std::move(type), required, ""};
}

// One column of every primitive type, ids from 1.
inline Schema every_type() {
  using enum TypeKind;
  Schema schema;
  std::int32_t id = 0;
  for (const TypeKind kind : {boolean, int32, int64, float32, float64, date, time, timestamp,
                              timestamptz, string, uuid, binary}) {
    ++id;
    schema.fields.push_back(field(id, fmt::format("c{}", id), primitive(kind)));
  }
  for (const TypePtr& type : {decimal_type(9, 2), decimal_type(18, 4), decimal_type(19, 4),
                              decimal_type(38, 18), fixed_type(5)}) {
    ++id;
    schema.fields.push_back(field(id, fmt::format("c{}", id), type));
  }
  return schema;
}

using Random = std::mt19937_64;

inline std::int64_t below(Random& random, std::int64_t end) {
  return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random);
}

// Any value of the type; often small, equal to others, or extreme, which is where the faults are.
inline Value random_value(const Type& type, Random& random) {
  const bool extreme = below(random, 8) == 0;
  const auto small = below(random, 41) - 20;
  const bool high = below(random, 2) == 0;
  switch (type.kind) {
    case TypeKind::boolean:
      return high;
    case TypeKind::int32:
    case TypeKind::date:
      if (extreme) return high ? INT32_MAX : INT32_MIN;
      return static_cast<std::int32_t>(small);
    case TypeKind::int64:
      if (extreme) return high ? INT64_MAX : INT64_MIN;
      return small;
    case TypeKind::time:
      return below(random, 86'400'000'000);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return small * 1'000'000 * (extreme ? 86'400 * 40 : 1'800) + below(random, 3) - 1;
    case TypeKind::float32:
    case TypeKind::float64: {
      static constexpr double odd[] = {0.0, -0.0, HUGE_VAL, -HUGE_VAL, NAN, 1e-40, 3.4e38};
      const double number =
          extreme ? odd[below(random, std::size(odd))] : static_cast<double>(small) / 4;
      if (type.kind == TypeKind::float32) return static_cast<float>(number);
      return number;
    }
    case TypeKind::decimal: {
      int128_t limit = 1;
      for (int i = 0; i < type.precision; ++i) limit *= 10;
      if (extreme) return high ? limit - 1 : 1 - limit;
      return static_cast<int128_t>(small * 97);
    }
    case TypeKind::fixed:
    case TypeKind::uuid: {
      const auto size = static_cast<std::size_t>(type.kind == TypeKind::uuid ? 16 : type.length);
      std::string bytes(size, static_cast<char>(small));
      bytes.back() = static_cast<char>(below(random, 256));
      return bytes;
    }
    case TypeKind::binary:
      return std::string(static_cast<std::size_t>(below(random, 20)), extreme ? '\xFF' : 'b');
    default:
      break;
  }
  static const char* const pieces[] = {"a",          "b",          "\u00e9", "\u6f22",
                                       "\U0001F600", "\U0010FFFF", "\uD7FF", ""};
  std::string text;
  for (auto i = below(random, extreme ? 30 : 4); i > 0; --i)
    text += pieces[below(random, std::size(pieces))];
  return text;
}

inline Column random_column(const NestedField& field, std::int64_t rows, Random& random) {
  Column cells(static_cast<std::size_t>(rows));
  const auto nulls = field.required ? 0 : below(random, 4);  // in tenths; sometimes all
  const bool all_null = !field.required && below(random, 20) == 0;
  for (Cell& cell : cells) {
    if (!all_null && below(random, 10) >= nulls) cell = random_value(*field.type, random);
  }
  return cells;
}

}  // namespace tradelake::iceberg
