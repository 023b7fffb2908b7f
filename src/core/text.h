// Small things about text.
//
// Threads: pure functions.
#pragma once

#include <string_view>

namespace tradelake {

// Without the characters `around` at both ends.
inline std::string_view trimmed(std::string_view text, std::string_view around = " ") {
  const auto first = text.find_first_not_of(around);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(around) - first + 1);
}

}  // namespace tradelake
