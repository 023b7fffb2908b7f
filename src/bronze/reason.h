// Why a trade or a frame became a dead letter: a closed set, stored by name.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tradelake::bronze {

enum class Reason : std::uint8_t {
  not_json,
  not_utf8,
  too_large,
  no_topic,
  no_data,
  category_mismatch,
  missing_field,
  wrong_type,
  bad_number,
  out_of_range,
  bad_side,
  bad_time,
  time_in_future,
  unroutable,
};

inline constexpr std::array<std::string_view, 14> reason_names = {
    "not_json",          "not_utf8",      "too_large",      "no_topic",   "no_data",
    "category_mismatch", "missing_field", "wrong_type",     "bad_number", "out_of_range",
    "bad_side",          "bad_time",      "time_in_future", "unroutable"};

constexpr std::string_view to_string(Reason reason) {
  return reason_names[static_cast<std::size_t>(reason)];
}

}  // namespace tradelake::bronze
