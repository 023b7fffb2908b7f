// The kline frames of the simulated exchange: what its book has of each minute, as the real one
// tells it.
//
// A minute is told as closed a second after its end (and again if trades are added to it later), on
// linear and inverse with the next one behind it; an open one at most once a second, when something
// was traded. Threads: one owner. Invariant: of every market that was traded each minute since then
// is told as closed, exact over the trades that were added. Does not: send.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "feed/simulator/frame_source.h"
#include "feed/simulator/market_book.h"

namespace tradelake::feed {

class Klines {
 public:
  explicit Klines(std::vector<bybit::Market> markets) : markets_(std::move(markets)) {}

  // What is to be sent by now, at most once a second.
  std::vector<ScheduledFrame> due(MarketBook& book, std::int64_t now_ms);

 private:
  std::vector<bybit::Market> markets_;
  std::int64_t next_ms_ = 0;
  std::int64_t closed_until_ms_ = 0;  // minutes that end by then are told; 0: not begun
};

}  // namespace tradelake::feed
