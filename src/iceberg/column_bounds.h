// What a file's metrics say of the least and greatest value of a column.
//
// Threads: functions. Does not: know whether a bound was truncated, or which columns have one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "iceberg/ids.h"
#include "iceberg/value.h"

namespace tradelake::iceberg {

// Nothing if there is no bound, or if it is none of that type.
template <class T>
std::optional<T> bound_as(const std::map<FieldId, std::string>& bounds, FieldId column,
                          const Type& type) {
  const auto bound = bounds.find(column);
  if (bound == bounds.end()) return std::nullopt;
  const auto value = from_bytes(type, bound->second);
  const auto* found = value ? std::get_if<T>(&*value) : nullptr;
  return found == nullptr ? std::nullopt : std::optional(*found);
}

}  // namespace tradelake::iceberg
