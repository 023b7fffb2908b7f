// Code points of UTF-8 text, for truncation and for JSON.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tradelake::iceberg {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;
};

// The code point at the front of `text`; nothing if the bytes there are not well-formed UTF-8
// (overlong forms and surrogates included) or `text` is empty.
std::optional<CodePoint> front_code_point(std::string_view text);

void append_code_point(std::string& text, char32_t code_point);

// The bytes of the first `count` code points. An ill-formed byte counts as one.
std::size_t code_point_prefix(std::string_view text, std::size_t count);

}  // namespace tradelake::iceberg
