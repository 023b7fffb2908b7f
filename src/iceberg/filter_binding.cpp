#include "iceberg/filter_binding.h"

#include <cmath>

namespace tradelake::iceberg {

namespace {

// The alternative of Value that belongs to a primitive type (value.h).
std::size_t alternative(TypeKind kind) {
  switch (kind) {
    case TypeKind::boolean:
      return Value(false).index();
    case TypeKind::int32:
    case TypeKind::date:
      return Value(std::int32_t{}).index();
    case TypeKind::int64:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return Value(std::int64_t{}).index();
    case TypeKind::float32:
      return Value(float{}).index();
    case TypeKind::float64:
      return Value(double{}).index();
    case TypeKind::decimal:
      return Value(int128_t{}).index();
    default:
      return Value(std::string()).index();
  }
}

bool is_nan(const Value& value) {
  if (const auto* real = std::get_if<float>(&value)) return std::isnan(*real);
  if (const auto* real = std::get_if<double>(&value)) return std::isnan(*real);
  return false;
}

Value widen(const Value& value, TypeKind kind) {
  const auto* integer = std::get_if<std::int32_t>(&value);
  if (integer != nullptr && alternative(kind) == alternative(TypeKind::int64))
    return std::int64_t{*integer};
  const auto* real = std::get_if<float>(&value);
  if (real != nullptr && kind == TypeKind::float64) return double{*real};
  return value;
}

Result<BoundPredicate> bind(const Schema& schema, const Predicate& predicate) {
  BoundPredicate bound{schema.find(std::string_view(predicate.column)), predicate.comparison, {}};
  if (bound.field == nullptr) {
    return make_error(Errc::invalid_argument,
                      "filter on column '{}', which the table does not have", predicate.column);
  }
  const Comparison comparison = predicate.comparison;
  const bool unary = comparison == Comparison::is_null || comparison == Comparison::not_null;
  if (unary ? !predicate.values.empty()
            : comparison != Comparison::in && predicate.values.size() != 1) {
    return make_error(Errc::invalid_argument, "filter on column '{}' has {} literals; it takes {}",
                      predicate.column, predicate.values.size(), unary ? "none" : "one");
  }
  if (!unary && !bound.field->type->primitive()) {
    return make_error(Errc::invalid_argument,
                      "filter compares column '{}', which is a list, map or struct",
                      predicate.column);
  }
  for (const Value& value : predicate.values) {
    bound.values.push_back(widen(value, bound.field->type->kind));
    if (bound.values.back().index() != alternative(bound.field->type->kind) || is_nan(value)) {
      return make_error(Errc::invalid_argument,
                        "filter on column '{}' has a literal that is NaN or of another type",
                        predicate.column);
    }
  }
  return bound;
}

}  // namespace

Result<BoundFilter> bind(const Schema& schema, const Filter& filter) {
  BoundFilter bound;
  for (const Predicate& predicate : filter) {
    TL_ASSIGN(auto one, bind(schema, predicate));
    bound.push_back(std::move(one));
  }
  return bound;
}

std::partial_ordering order(const Value& a, const Value& b) {
  if (a.index() != b.index()) return std::partial_ordering::unordered;
  if (const auto* real = std::get_if<float>(&a)) return *real <=> std::get<float>(b);
  if (const auto* real = std::get_if<double>(&a)) return *real <=> std::get<double>(b);
  return compare(a, b);
}

}  // namespace tradelake::iceberg
