// What the simulated exchange lists: its instruments and the trade topics they share.
//
// Threads: values, built once and only read afterwards. Invariant: the instruments of a stream all
// have its category; outside options a stream has exactly one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bybit/category.h"
#include "bybit/market.h"
#include "core/error.h"

namespace tradelake::feed {

// Prices are counted in units of 10^-price_decimals and are multiples of `tick` of them; sizes are
// counted in units of 10^-size_decimals.
struct Instrument {
  bybit::Category category{};
  std::string symbol;
  std::string base_coin;
  std::string quote_coin;
  std::int64_t tick = 1;
  int price_decimals = 0;
  int size_decimals = 0;
  std::int64_t first_price = 1;  // where its random walk begins and what it is drawn back to
  double usual_size = 1;         // scale of the heavy-tailed sizes, in units
};

// One trade topic: a symbol, or all contracts of a base coin.
struct Stream {
  bybit::Category category{};
  std::string key;
  std::string topic;
  double weight = 1;  // share of the trades
  std::vector<std::uint32_t> instruments;
};

struct Listing {
  std::vector<Instrument> instruments;
  std::vector<Stream> streams;
};

// "linear:BTCUSDT,spot:20": named symbols, or a number of symbols made up for the category, the
// well-known ones first. For options the symbol is a base coin.
Result<Listing> make_listing(std::string_view text);

}  // namespace tradelake::feed
