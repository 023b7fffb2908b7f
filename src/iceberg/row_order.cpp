#include "iceberg/row_order.h"

#include <cmath>
#include <cstring>
#include <string_view>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>

#include "core/int128.h"

namespace tradelake::iceberg {
namespace {

template <class T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : static_cast<int>(b < a);
}

template <class T>
int compare_reals(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return three_way(std::isnan(a), std::isnan(b));
  return three_way(a, b);
}

template <class T>
T at(const void* values, std::int64_t i) {
  return static_cast<const T*>(values)[i];
}

int128_t decimal_at(const void* values, std::int64_t i) {
  int128_t value;
  std::memcpy(&value, static_cast<const char*>(values) + i * std::int64_t{sizeof value},
              sizeof value);
  return value;
}

}  // namespace

std::optional<std::vector<OrderedColumn>> ordered_columns(const Schema& schema,
                                                          const SortOrder& order) {
  std::vector<OrderedColumn> columns;
  for (const auto& field : order.fields) {
    if (field.transform.kind != Transform::Kind::identity) return std::nullopt;
    int column = 0;
    while (column < static_cast<int>(schema.fields.size()) &&
           schema.fields[static_cast<std::size_t>(column)].id != field.source_id) {
      ++column;
    }
    if (column == static_cast<int>(schema.fields.size()) ||
        !schema.fields[static_cast<std::size_t>(column)].type->primitive()) {
      return std::nullopt;
    }
    columns.push_back({column, field.ascending, field.nulls_first});
  }
  return columns;
}

RowKeys::RowKeys(const arrow::RecordBatch& batch, const std::vector<OrderedColumn>& order) {
  for (const auto& ordered : order) {
    Key key;
    key.array = batch.column(ordered.column);
    if (key.array->type_id() == arrow::Type::EXTENSION)
      key.array = static_cast<const arrow::ExtensionArray&>(*key.array).storage();
    const auto& data = *key.array->data();
    key.type = static_cast<int>(key.array->type_id());
    key.ascending = ordered.ascending;
    key.nulls_first = ordered.nulls_first;
    key.may_be_null = key.array->null_count() > 0;
    switch (key.array->type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        key.offsets = data.GetValues<std::int32_t>(1);
        key.bytes = data.GetValues<char>(2, 0);
        break;
      case arrow::Type::INT32:
      case arrow::Type::DATE32:
      case arrow::Type::FLOAT:
        key.values = data.GetValues<std::int32_t>(1);
        break;
      case arrow::Type::INT64:
      case arrow::Type::TIME64:
      case arrow::Type::TIMESTAMP:
      case arrow::Type::DOUBLE:
        key.values = data.GetValues<std::int64_t>(1);
        break;
      case arrow::Type::DECIMAL128:
        key.values = static_cast<const arrow::Decimal128Array&>(*key.array).raw_values();
        break;
      default:
        break;
    }
    keys_.push_back(std::move(key));
  }
}

int RowKeys::compare_values(const Key& a, std::int64_t i, const Key& b, std::int64_t j) {
  switch (static_cast<arrow::Type::type>(a.type)) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const std::string_view left(a.bytes + a.offsets[i],
                                  static_cast<std::size_t>(a.offsets[i + 1] - a.offsets[i]));
      const std::string_view right(b.bytes + b.offsets[j],
                                   static_cast<std::size_t>(b.offsets[j + 1] - b.offsets[j]));
      return left.compare(right);
    }
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      return three_way(at<std::int32_t>(a.values, i), at<std::int32_t>(b.values, j));
    case arrow::Type::INT64:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
      return three_way(at<std::int64_t>(a.values, i), at<std::int64_t>(b.values, j));
    case arrow::Type::FLOAT:
      return compare_reals(at<float>(a.values, i), at<float>(b.values, j));
    case arrow::Type::DOUBLE:
      return compare_reals(at<double>(a.values, i), at<double>(b.values, j));
    case arrow::Type::DECIMAL128:
      return three_way(decimal_at(a.values, i), decimal_at(b.values, j));
    case arrow::Type::BOOL:
      return three_way(static_cast<const arrow::BooleanArray&>(*a.array).Value(i),
                       static_cast<const arrow::BooleanArray&>(*b.array).Value(j));
    default:
      return static_cast<const arrow::FixedSizeBinaryArray&>(*a.array).GetView(i).compare(
          static_cast<const arrow::FixedSizeBinaryArray&>(*b.array).GetView(j));
  }
}

int RowKeys::compare(std::int64_t row, const RowKeys& other, std::int64_t other_row) const {
  for (std::size_t n = 0; n < keys_.size(); ++n) {
    const auto &a = keys_[n], &b = other.keys_[n];
    if (a.may_be_null || b.may_be_null) {
      const bool null = a.array->IsNull(row), other_null = b.array->IsNull(other_row);
      if (null || other_null) {
        if (null && other_null) continue;
        return null == a.nulls_first ? -1 : 1;
      }
    }
    if (const int order = compare_values(a, row, b, other_row); order != 0)
      return a.ascending ? order : -order;
  }
  return 0;
}

}  // namespace tradelake::iceberg
