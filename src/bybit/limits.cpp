#include "bybit/limits.h"

#include <utility>

namespace tradelake::bybit {

std::vector<std::vector<std::string>> split_by_connection(Category category,
                                                          std::vector<std::string> topics) {
  const auto most = limits_of(category).topics_per_connection;
  std::vector<std::vector<std::string>> parts;
  std::size_t chars = 0;
  for (auto& topic : topics) {
    const auto cost = args_chars_of(topic);
    if (parts.empty() || parts.back().size() == most || chars + cost > args_chars_per_connection) {
      parts.emplace_back();
      chars = 0;
    }
    chars += cost;
    parts.back().push_back(std::move(topic));
  }
  return parts;
}

}  // namespace tradelake::bybit
