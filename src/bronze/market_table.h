// Markets by number: (category, symbol) once as text, everywhere else as a small integer.
//
// Threads: one writer; readers under the owner's lock. Numbers are never reused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bybit/category.h"

namespace tradelake::bronze {

using MarketIndex = std::uint32_t;

struct MarketName {
  bybit::Category category{};
  std::string symbol;
};

using MarketNames = std::vector<MarketName>;  // by index, as they were at one moment

class MarketTable {
 public:
  MarketIndex index_of(bybit::Category category, std::string_view symbol) {
    // Frames come market by market: the last answer is mostly the next one too.
    if (last_ < names_.size() && names_[last_].category == category &&
        names_[last_].symbol == symbol)
      return last_;
    auto& of_category = by_symbol_[static_cast<std::size_t>(category)];
    auto found = of_category.find(symbol);
    if (found == of_category.end()) {
      names_.push_back({category, std::string(symbol)});
      found = of_category.emplace(names_.back().symbol, static_cast<MarketIndex>(names_.size() - 1))
                  .first;
    }
    return last_ = found->second;
  }
  // The index, or size() if the market was never seen.
  MarketIndex find(bybit::Category category, std::string_view symbol) const {
    const auto& of_category = by_symbol_[static_cast<std::size_t>(category)];
    const auto found = of_category.find(symbol);
    return found == of_category.end() ? size() : found->second;
  }
  const MarketName& name(MarketIndex index) const { return names_[index]; }
  MarketIndex size() const { return static_cast<MarketIndex>(names_.size()); }
  MarketNames names() const { return {names_.begin(), names_.end()}; }

 private:
  std::deque<MarketName> names_;  // keeps its elements in place: the maps' keys point into them
  std::unordered_map<std::string_view, MarketIndex> by_symbol_[bybit::category_names.size()];
  MarketIndex last_ = 0;
};

}  // namespace tradelake::bronze
