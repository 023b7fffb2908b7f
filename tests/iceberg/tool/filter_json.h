// Filters as tests give them: [[column, comparison, value in hexadecimal…], …].
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

inline Result<Filter> filter_from_json(const Schema& schema, const nlohmann::json& given) {
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
      const auto& type = *schema.find(std::string_view(predicate.column))->type;
      TL_ASSIGN(auto value, from_bytes(type, unhex(one[i].get<std::string>())));
      predicate.values.push_back(std::move(value));
    }
    filter.push_back(std::move(predicate));
  }
  return filter;
}

}  // namespace tradelake::iceberg
