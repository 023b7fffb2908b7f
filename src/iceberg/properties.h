// Table properties as numbers.
//
// Threads: pure functions.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tradelake::iceberg {

// Nothing if the property is absent or is no positive integer: the caller's default holds, since a
// property that somebody else misspelled must not stop ingestion.
inline std::optional<std::int64_t> positive_property(
    const std::map<std::string, std::string>& properties, const std::string& key) {
  const auto it = properties.find(key);
  if (it == properties.end()) return std::nullopt;
  const auto& text = it->second;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

}  // namespace tradelake::iceberg
