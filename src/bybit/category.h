// The four markets of Bybit v5. The category is not in a frame: only the URL of its connection
// tells.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tradelake::bybit {

enum class Category : std::uint8_t { spot, linear, inverse, option };

inline constexpr std::array<std::string_view, 4> category_names = {"spot", "linear", "inverse",
                                                                   "option"};

constexpr std::string_view to_string(Category category) {
  return category_names[static_cast<std::size_t>(category)];
}

constexpr std::optional<Category> parse_category(std::string_view text) {
  for (std::size_t i = 0; i < category_names.size(); ++i) {
    if (category_names[i] == text) return static_cast<Category>(i);
  }
  return std::nullopt;
}

// Whether the exchange makes candles of it.
constexpr bool has_klines(Category category) {
  return category != Category::option;
}

}  // namespace tradelake::bybit
