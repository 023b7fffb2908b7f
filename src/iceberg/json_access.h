// Typed access to parsed JSON: every miss is an Error that names the key and what is allowed.
//
// Threads: pure functions. Included by .cpp files only. Integers never pass through a double.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace tradelake::iceberg::json {

using nlohmann::json;

// The member, or nullptr if it is absent or null.
inline const json* find(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

template <class T>
bool integer_fits(const json& value) {
  if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
  return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
}

template <class T>
Result<T> integer(const json& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return make_error(Errc::corrupt, "\"{}\" is missing", key);
  if (!integer_fits<T>(*value)) {
    return make_error(Errc::corrupt, "\"{}\" is not an integer of {} bits", key, sizeof(T) * 8);
  }
  return value->get<T>();
}

template <class T>
Result<T> integer_or(const json& object, std::string_view key, T fallback) {
  return find(object, key) == nullptr ? Result<T>(fallback) : integer<T>(object, key);
}

// For the strong ids of ids.h.
template <class Id>
Result<Id> id(const json& object, std::string_view key) {
  TL_ASSIGN(const auto number, integer<decltype(Id::value)>(object, key));
  return Id{number};
}

inline Result<std::string> string(const json& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return make_error(Errc::corrupt, "\"{}\" is missing", key);
  if (!value->is_string()) return make_error(Errc::corrupt, "\"{}\" is not a string", key);
  return value->get<std::string>();
}

inline Result<std::string> string_or(const json& object, std::string_view key,
                                     std::string fallback) {
  return find(object, key) == nullptr ? Result<std::string>(std::move(fallback))
                                      : string(object, key);
}

inline Result<bool> boolean(const json& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return make_error(Errc::corrupt, "\"{}\" is missing", key);
  if (!value->is_boolean()) return make_error(Errc::corrupt, "\"{}\" is not true or false", key);
  return value->get<bool>();
}

// The array, or an empty one if it is absent.
inline Result<const json*> array(const json& object, std::string_view key) {
  static const json empty = json::array();
  const auto* value = find(object, key);
  if (value == nullptr) return &empty;
  if (!value->is_array()) return make_error(Errc::corrupt, "\"{}\" is not an array", key);
  return value;
}

}  // namespace tradelake::iceberg::json
