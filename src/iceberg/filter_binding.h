// A filter whose columns and literals have been checked against a schema.
//
// Threads: values; they refer to the schema, which must outlive them.
// Semantics of every comparison here and in pruning: null and NaN match none; -0.0 equals +0.0.
#pragma once

#include <compare>
#include <vector>

#include "core/error.h"
#include "iceberg/expression.h"
#include "iceberg/schema.h"

namespace tradelake::iceberg {

struct BoundPredicate {
  const NestedField* field = nullptr;  // top-level
  Comparison comparison = Comparison::equal;
  std::vector<Value> values;  // of the field's own type
};

using BoundFilter = std::vector<BoundPredicate>;

// Literals are widened to a promoted column (int to long, float to double).
// Errors: invalid_argument: no such column, a literal of another type or NaN, a comparison of a
// column that is not primitive, or not one literal.
Result<BoundFilter> bind(const Schema& schema, const Filter& filter);

// The order that comparisons use: compare() of value.h, but with IEEE numbers; unordered if the two
// are not of one type or one is NaN.
std::partial_ordering order(const Value& a, const Value& b);

}  // namespace tradelake::iceberg
