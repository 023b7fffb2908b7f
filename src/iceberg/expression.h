// Filters: a conjunction of simple predicates on top-level columns, enough for pruning and scans.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iceberg/value.h"

namespace tradelake::iceberg {

enum class Comparison { equal, less, less_equal, greater, greater_equal, in, is_null, not_null };

struct Predicate {
  std::string column;
  Comparison comparison;
  std::vector<Value> values;  // one; any number for `in`; none for is_null and not_null
};

using Filter = std::vector<Predicate>;  // all must hold; empty = everything

// from <= column < until, of a long or a timestamp.
inline Filter half_open(const std::string& column, std::int64_t from, std::int64_t until) {
  return {{column, Comparison::greater_equal, {Value{from}}},
          {column, Comparison::less, {Value{until}}}};
}

}  // namespace tradelake::iceberg
