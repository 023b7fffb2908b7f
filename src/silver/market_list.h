// The markets that had trades since the process started, and the last trade of each.
//
// Threads: one writer; readers under the owner's lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bronze/frame_parser.h"
#include "bronze/market_table.h"

namespace tradelake::silver {

struct SeenMarket {
  bybit::Category category{};
  std::string symbol;
  std::int64_t trades = 0;  // since the process started
  std::int64_t last_trade_us = 0;
  Decimal last_price;
};

class MarketList {
 public:
  void note(const bronze::MarketTable& names, bronze::MarketIndex market,
            const bronze::Trade& trade) {
    // Others before it may be known from the tables alone.
    while (market >= markets_.size()) {
      const auto& name = names.name(static_cast<bronze::MarketIndex>(markets_.size()));
      markets_.push_back({name.category, name.symbol, 0, 0, {}});
    }
    auto& noted = markets_[market];
    ++noted.trades;
    if (trade.trade_time_us >= noted.last_trade_us) {
      noted.last_trade_us = trade.trade_time_us;
      noted.last_price = trade.price;
    }
  }

  std::vector<SeenMarket> seen() const {
    std::vector<SeenMarket> seen;
    for (const auto& market : markets_) {
      if (market.trades > 0) seen.push_back(market);
    }
    return seen;
  }

 private:
  std::vector<SeenMarket> markets_;  // by market index
};

}  // namespace tradelake::silver
