// Which markets are asked for, and which of these have turned up.
//
// Threads: one. Does not: know which markets there are.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "bybit/market.h"
#include "bybit/topic.h"

namespace tradelake::silver {

class MarketFilter {
 public:
  // None: all that there are.
  explicit MarketFilter(std::vector<bybit::Market> markets)
      : markets_(std::move(markets)), seen_(markets_.size()) {}

  // Of options the base coin is asked for.
  bool takes(bybit::Category category, std::string_view symbol) {
    if (markets_.empty()) return true;
    const auto name = bybit::topic_key(category, symbol);
    bool found = false;
    for (std::size_t n = 0; n < markets_.size(); ++n) {
      const auto& one = markets_[n];
      if (one.category != category || (!one.all() && one.symbol != name)) continue;
      found = seen_[n] = true;
    }
    return found;
  }

  std::vector<bybit::Market> unseen() const {
    std::vector<bybit::Market> all;
    for (std::size_t n = 0; n < markets_.size(); ++n) {
      if (!seen_[n]) all.push_back(markets_[n]);
    }
    return all;
  }

 private:
  std::vector<bybit::Market> markets_;
  std::vector<bool> seen_;
};

}  // namespace tradelake::silver
