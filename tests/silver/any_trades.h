// What tests of histories by seed have in common: chance, trades of a few markets, the candles that
// they make, and which seeds are to run.
//
// Threads: one. Does not: decide when trades arrive, or what else happens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "silver/silver_lake.h"

namespace tradelake::silver {

inline const std::vector<std::string> symbols_of_any{"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  bool chance(std::int64_t percent) { return below(100) < percent; }
  std::mt19937_64& engine() { return random_; }

 private:
  std::mt19937_64 random_;
};

// At that time, asked for once; now and then at the very start of its minute.
SentTrade any_trade(Dice& dice, int id, const std::function<std::int64_t()>& time_ms);

using CandleName = std::pair<std::string, std::int64_t>;  // symbol, open_time_us
std::map<CandleName, CandleRow> candles_of(std::span<const SentTrade> trades,
                                           const StoredInterval& interval);

// From 1 on, or what SILVER_SEED and SILVER_SEEDS say.
struct Seeds {
  std::uint64_t first = 1, last = 0;
  bool chosen = false;  // that one alone
};
Seeds seeds_to_run(std::uint64_t count);

}  // namespace tradelake::silver
