// What the simulated exchange remembers of its trades, for REST: the newest of each market, and
// one-minute candles.
//
// Threads: one owner. Invariant: a candle's sums are exact over all trades that were added with a
// time inside its minute. Does not: hold trades that never were good (malformed, from the future).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/market.h"
#include "core/decimal.h"

namespace tradelake::feed {

struct BookTrade {
  std::string id;
  std::string price;
  std::string size;
  std::int64_t time_ms = 0;
  std::uint64_t seq = 0;
  bool buy = false;
  bool block = false;
  bool rpi = false;
};

struct BookCandle {
  std::int64_t open_ms = 0;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;
  Decimal turnover;
};

class MarketBook {
 public:
  void add(const bybit::Market& market, BookTrade trade);

  // Newest first.
  std::vector<const BookTrade*> recent(const bybit::Market& market, std::size_t limit) const;

  // Newest first, as the exchange tells them: a candle opens at the close of the one before it.
  // `start_ms` to `end_ms` inclusive, by open time.
  std::vector<BookCandle> candles(const bybit::Market& market, std::int64_t step_ms,
                                  std::int64_t anchor_ms, std::int64_t start_ms,
                                  std::int64_t end_ms, std::size_t limit) const;

  // The minute as candles() has it; flat at the close before if nothing was traded in it, nothing
  // before the market's first trade.
  std::optional<BookCandle> minute(const bybit::Market& market, std::int64_t open_ms) const;

  // Minutes that trades were added to since the last call, in the order of time.
  std::vector<std::pair<std::int64_t, bybit::Market>> take_changed();

 private:
  struct Minute {
    Decimal first;
    Decimal high;
    Decimal low;
    Decimal last;
    Decimal volume;
    Decimal turnover;
    std::int64_t first_ms = 0;
    std::int64_t last_ms = 0;
    bool is_changed = false;
  };
  using Minutes = std::map<std::int64_t, Minute>;
  struct History {
    std::deque<BookTrade> trades;
    Minutes minutes;
  };
  static BookCandle candle_of(const Minutes& minutes, Minutes::const_iterator at);
  std::map<bybit::Market, History> histories_;
  // Once each, in the order of the first change.
  std::vector<std::pair<std::int64_t, bybit::Market>> changed_;
};

}  // namespace tradelake::feed
