// The candle algebra: a candle is a value that trades are added to and that merges with others, in
// any order, with the same result bit for bit.
//
// Threads: values. Invariant: add() and merge() are commutative and associative.
// Does not: know time zones, tables, or whether a trade came before (the pipeline filters repeats).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bronze/frame_parser.h"
#include "bybit/category.h"
#include "core/decimal.h"

namespace tradelake::silver {

// A sum of positive amounts. Once it leaves decimal(38,18) it stays null, in whatever order it got
// there: all amounts are positive.
class Sum {
 public:
  void add(std::optional<Decimal> amount);
  std::optional<Decimal> value() const;
  void merge(const Sum& other) { add(other.value()); }
  static Sum of(std::optional<Decimal> value);
  friend bool operator==(const Sum&, const Sum&) = default;

 private:
  Decimal total_{};
  bool overflow_ = false;
};

// What orders trades (design 7): time, seq or 0, side, price in the direction a taker sweeps, id.
struct TradeKey {
  std::int64_t trade_time_us = 0;
  std::int64_t seq = 0;
  bronze::Side side{};
  Decimal price;
  std::string trade_id;
};

// The parts of a trade that a candle needs.
struct CandleTrade {
  std::int64_t trade_time_us = 0;
  std::int64_t seq = 0;
  bronze::Side side{};
  Decimal price, size;
  std::string_view trade_id;
};

bool comes_before(const CandleTrade& trade, const TradeKey& key);
bool comes_before(const TradeKey& a, const TradeKey& b);

// price x size; inverse: size / price. Nothing where it leaves decimal(38,18).
std::optional<Decimal> turnover(bybit::Category category, Decimal price, Decimal size);

struct Candle {
  TradeKey first, last;  // open and close are their prices
  Decimal high, low;
  Sum volume, turnover, buy_volume, buy_turnover;
  std::int64_t trades = 0;

  void add(bybit::Category category, const CandleTrade& trade);
  void merge(const Candle& other);
};

}  // namespace tradelake::silver
