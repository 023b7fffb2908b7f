// Strict JSON (RFC 8259) over text, where simdjson's lazy reader would skip without looking.
//
// Threads: functions. Memory: one bit per nesting level, so depth is bounded only by the text.
// Does not: check UTF-8, keep values, or accept anything beyond the RFC.
#pragma once

#include <cstddef>
#include <string_view>

namespace tradelake {

inline constexpr std::size_t not_json = static_cast<std::size_t>(-1);

// The end of the one value that starts at `from` (leading white space allowed), or not_json.
std::size_t json_value_end(std::string_view text, std::size_t from = 0);

// The whole text is one JSON value, with white space around it.
bool is_json(std::string_view text);

// The token is a JSON number: -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
bool is_json_number(std::string_view token);

}  // namespace tradelake
