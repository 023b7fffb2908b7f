// Bytes as hexadecimal digits, in which values travel by their Appendix D bytes.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tradelake::iceberg {

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

inline std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

}  // namespace tradelake::iceberg
