// Filters as tests give them: [[column, comparison, value…], …].
//
// Threads: functions.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "hex.h"
#include "iceberg/expression.h"
#include "iceberg/schema.h"

namespace tradelake::iceberg {

// `to_value` makes a Result<Value> of a column's name and what is given.
template <class ToValue>
Result<Filter> filter_from_json(const nlohmann::json& given, const ToValue& to_value) {
  static const std::map<std::string, Comparison> comparisons = {
      {"equal", Comparison::equal},
      {"less", Comparison::less},
      {"less_equal", Comparison::less_equal},
      {"greater", Comparison::greater},
      {"greater_equal", Comparison::greater_equal},
      {"in", Comparison::in},
      {"is_null", Comparison::is_null},
      {"not_null", Comparison::not_null}};
  Filter filter;
  for (const auto& one : given) {
    Predicate predicate{
        one.at(0).get<std::string>(), comparisons.at(one.at(1).get<std::string>()), {}};
    for (std::size_t i = 2; i < one.size(); ++i) {
      TL_ASSIGN(auto value, to_value(predicate.column, one[i]));
      predicate.values.push_back(std::move(value));
    }
    filter.push_back(std::move(predicate));
  }
  return filter;
}

// With values as Appendix D has them, in hexadecimal.
inline Result<Filter> filter_from_json(const Schema& schema, const nlohmann::json& given) {
  return filter_from_json(
      given, [&](std::string_view column, const nlohmann::json& value) -> Result<Value> {
        return from_bytes(*schema.find(column)->type, unhex(value.get<std::string>()));
      });
}

}  // namespace tradelake::iceberg
