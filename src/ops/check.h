// One finding of `doctor`: what was looked at, how it is, and what to do about it.
//
// Threads: values. Does not: hold secrets; details come from errors, which have none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tradelake::ops {

enum class CheckStatus : std::uint8_t {
  ok,
  info,     // worth knowing, nothing to do
  warning,  // works, but not for long or not well
  failed,
  skipped,  // could not be looked at, because of another finding
};

constexpr std::string_view to_string(CheckStatus status) {
  switch (status) {
    case CheckStatus::ok:
      return "ok";
    case CheckStatus::info:
      return "info";
    case CheckStatus::warning:
      return "warning";
    case CheckStatus::failed:
      return "failed";
    case CheckStatus::skipped:
      return "skipped";
  }
  return "?";
}

struct Check {
  std::string name;
  CheckStatus status = CheckStatus::ok;
  std::string detail = {};  // what was seen
  std::string action = {};  // what to do; of warnings and failures never empty
};

inline bool is_trouble(const Check& check) {
  return check.status == CheckStatus::warning || check.status == CheckStatus::failed;
}
inline bool all_is_well(std::span<const Check> checks) {
  return std::ranges::none_of(checks, is_trouble);
}

}  // namespace tradelake::ops
