#include "iceberg/filter_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>
#include <arrow/table.h>

#include "iceberg/arrow_error.h"

namespace tradelake::iceberg {

namespace {

// What a literal is compared as, without a copy.
template <class T>
struct Literal {
  using type = T;
};
template <>
struct Literal<bool> {
  using type = unsigned char;  // a vector of bool has no references to sort by
};
template <>
struct Literal<std::string> {
  using type = std::string_view;
};

template <class T, class Get>
void select(const BoundPredicate& predicate, const Get& get, std::int64_t length,
            std::uint8_t* selected) {
  using View = typename Literal<T>::type;
  const auto keep = [&](const auto& holds) {
    for (std::int64_t i = 0; i < length; ++i)
      selected[i] &= static_cast<std::uint8_t>(holds(get(i)));
  };
  std::vector<View> literals;
  for (const Value& value : predicate.values) literals.push_back(std::get<T>(value));
  const View first = literals.empty() ? View{} : literals.front();
  switch (predicate.comparison) {
    case Comparison::equal:
      return keep([&](const View& v) { return v == first; });
    case Comparison::less:
      return keep([&](const View& v) { return v < first; });
    case Comparison::less_equal:
      return keep([&](const View& v) { return v <= first; });
    case Comparison::greater:
      return keep([&](const View& v) { return v > first; });
    case Comparison::greater_equal:
      return keep([&](const View& v) { return v >= first; });
    case Comparison::in:
      std::ranges::sort(literals);
      return keep([&](const View& v) {
        // Equality is asked for on top: NaN would be "found" by an order in which nothing is less.
        const auto it = std::ranges::lower_bound(literals, v);
        return it != literals.end() && *it == v;
      });
    case Comparison::is_null:
    case Comparison::not_null:
      break;
  }
}

template <class ArrowArray, class T>
void select_numbers(const BoundPredicate& predicate, const arrow::Array& array,
                    std::uint8_t* selected) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  select<T>(
      predicate, [&](std::int64_t i) -> T { return typed.Value(i); }, array.length(), selected);
}

template <class ArrowArray>
void select_texts(const BoundPredicate& predicate, const arrow::Array& array,
                  std::uint8_t* selected) {
  const auto& typed = static_cast<const ArrowArray&>(array);
  select<std::string>(
      predicate, [&](std::int64_t i) -> std::string_view { return typed.GetView(i); },
      array.length(), selected);
}

void select_decimals(const BoundPredicate& predicate, const arrow::Array& array,
                     std::uint8_t* selected) {
  const auto& typed = static_cast<const arrow::Decimal128Array&>(array);
  const auto get = [&](std::int64_t i) {
    int128_t value;
    std::memcpy(&value, typed.GetValue(i), sizeof value);
    return value;
  };
  select<int128_t>(predicate, get, array.length(), selected);
}

void select_values(const BoundPredicate& predicate, const arrow::Array& array,
                   std::uint8_t* selected) {
  switch (predicate.field->type->kind) {
    case TypeKind::boolean:
      return select_numbers<arrow::BooleanArray, bool>(predicate, array, selected);
    case TypeKind::int32:
      return select_numbers<arrow::Int32Array, std::int32_t>(predicate, array, selected);
    case TypeKind::date:
      return select_numbers<arrow::Date32Array, std::int32_t>(predicate, array, selected);
    case TypeKind::int64:
      return select_numbers<arrow::Int64Array, std::int64_t>(predicate, array, selected);
    case TypeKind::time:
      return select_numbers<arrow::Time64Array, std::int64_t>(predicate, array, selected);
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return select_numbers<arrow::TimestampArray, std::int64_t>(predicate, array, selected);
    case TypeKind::float32:
      return select_numbers<arrow::FloatArray, float>(predicate, array, selected);
    case TypeKind::float64:
      return select_numbers<arrow::DoubleArray, double>(predicate, array, selected);
    case TypeKind::decimal:
      return select_decimals(predicate, array, selected);
    case TypeKind::string:
    case TypeKind::binary:
      return select_texts<arrow::BinaryArray>(predicate, array, selected);
    case TypeKind::fixed:
      return select_texts<arrow::FixedSizeBinaryArray>(predicate, array, selected);
    case TypeKind::uuid:
      return select_texts<arrow::FixedSizeBinaryArray>(
          predicate, *static_cast<const arrow::ExtensionArray&>(array).storage(), selected);
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
      break;
  }
}

void select_chunk(const BoundPredicate& predicate, const arrow::Array& array,
                  std::uint8_t* selected) {
  const bool wants_null = predicate.comparison == Comparison::is_null;
  if (wants_null || array.null_count() > 0) {
    for (std::int64_t i = 0; i < array.length(); ++i) {
      selected[i] &= static_cast<std::uint8_t>(array.IsNull(i) == wants_null);
    }
  }
  // Behind a null there are no particular bytes, but always some that may be compared.
  if (!wants_null && predicate.comparison != Comparison::not_null)
    select_values(predicate, array, selected);
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> filter_rows(const BoundFilter& filter,
                                                  std::shared_ptr<arrow::Table> rows,
                                                  Selection selection) {
  if ((filter.empty() && selection.empty()) || rows->num_rows() == 0) return rows;
  selection.resize(static_cast<std::size_t>(rows->num_rows()), 1);
  for (const BoundPredicate& predicate : filter) {
    auto* selected = selection.data();
    for (const auto& chunk : rows->GetColumnByName(predicate.field->name)->chunks()) {
      select_chunk(predicate, *chunk, selected);
      selected += chunk->length();
    }
  }
  const auto count = std::ranges::count(selection, 1);
  if (count == rows->num_rows()) return rows;
  if (count == 0) return rows->Slice(0, 0);
  arrow::BooleanBuilder builder;
  TL_TRY(checked(builder.AppendValues(selection.data(), rows->num_rows()), "selecting rows"));
  TL_ASSIGN(const auto mask, checked(builder.Finish(), "selecting rows"));
  TL_ASSIGN(const auto filtered,
            checked(arrow::compute::Filter(std::move(rows), mask), "selecting rows"));
  return filtered.table();
}

Result<std::shared_ptr<arrow::Table>> column_range(const arrow::Table& rows, std::size_t first,
                                                   std::size_t count) {
  std::vector<int> places(count);
  std::iota(places.begin(), places.end(), static_cast<int>(first));
  return checked(rows.SelectColumns(places), "selecting columns");
}

}  // namespace tradelake::iceberg
