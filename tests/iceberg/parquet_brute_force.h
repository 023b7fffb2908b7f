// Filters by brute force: what pruning and exact filtering are compared with. Shares no code with
// them.
//
// Threads: functions without state.
#pragma once

#include <cmath>

#include "iceberg/expression.h"
#include "iceberg/parquet_values.h"

namespace tradelake::iceberg {

template <class T>
bool holds_for(Comparison comparison, const T& cell, const std::vector<Value>& values) {
  const auto first = [&] { return std::get<T>(values.at(0)); };
  switch (comparison) {
    case Comparison::equal:
      return cell == first();
    case Comparison::less:
      return cell < first();
    case Comparison::less_equal:
      return cell <= first();
    case Comparison::greater:
      return cell > first();
    case Comparison::greater_equal:
      return cell >= first();
    case Comparison::in:
      for (const Value& value : values) {
        if (cell == std::get<T>(value)) return true;
      }
      return false;
    case Comparison::is_null:
      return false;
    case Comparison::not_null:
      return true;
  }
  return false;
}

inline bool holds(const Predicate& predicate, const Cell& cell) {
  if (!cell) return predicate.comparison == Comparison::is_null;
  return std::visit(
      [&](const auto& value) { return holds_for(predicate.comparison, value, predicate.values); },
      *cell);
}

inline bool is_nan(const Value& value) {
  if (const auto* real = std::get_if<float>(&value)) return std::isnan(*real);
  if (const auto* real = std::get_if<double>(&value)) return std::isnan(*real);
  return false;
}

inline Predicate random_predicate(const NestedField& field, Random& random) {
  Predicate predicate{field.name, static_cast<Comparison>(below(random, 8)), {}};
  const bool unary =
      predicate.comparison == Comparison::is_null || predicate.comparison == Comparison::not_null;
  auto literals = unary ? 0 : predicate.comparison == Comparison::in ? below(random, 4) : 1;
  while (literals > 0) {
    const Value value = random_value(*field.type, random);
    if (is_nan(value)) continue;
    predicate.values.push_back(value);
    --literals;
  }
  return predicate;
}

}  // namespace tradelake::iceberg
