#include "silver/candle.h"

#include <algorithm>

namespace tradelake::silver {
namespace {

template <class A, class B>
bool before(const A& a, const B& b) {
  if (a.trade_time_us != b.trade_time_us) return a.trade_time_us < b.trade_time_us;
  if (a.seq != b.seq) return a.seq < b.seq;
  if (a.side != b.side) return a.side < b.side;
  if (a.price != b.price)
    return a.side == bronze::Side::buy ? a.price < b.price : a.price > b.price;
  return std::string_view(a.trade_id) < std::string_view(b.trade_id);
}

void assign(TradeKey& key, const CandleTrade& trade) {
  key.trade_time_us = trade.trade_time_us;
  key.seq = trade.seq;
  key.side = trade.side;
  key.price = trade.price;
  key.trade_id.assign(trade.trade_id);  // keeps its memory
}

}  // namespace

void Sum::add(std::optional<Decimal> amount) {
  if (overflow_) return;
  const auto sum = amount ? tradelake::add(total_, *amount) : std::nullopt;
  overflow_ = !sum;
  total_ = sum.value_or(Decimal{});
}

std::optional<Decimal> Sum::value() const {
  if (overflow_) return std::nullopt;
  return total_;
}

Sum Sum::of(std::optional<Decimal> value) {
  Sum sum;
  sum.add(value);
  return sum;
}

bool comes_before(const CandleTrade& trade, const TradeKey& key) {
  return before(trade, key);
}
bool comes_before(const TradeKey& a, const TradeKey& b) {
  return before(a, b);
}

std::optional<Decimal> turnover(bybit::Category category, Decimal price, Decimal size) {
  return category == bybit::Category::inverse ? divide(size, price) : multiply(price, size);
}

void Candle::add(bybit::Category category, const CandleTrade& trade) {
  if (trades == 0) {
    assign(first, trade);
    assign(last, trade);
    high = low = trade.price;
  } else {
    if (comes_before(trade, first)) {
      assign(first, trade);
    } else if (!comes_before(trade, last)) {
      assign(last, trade);
    }
    high = std::max(high, trade.price);
    low = std::min(low, trade.price);
  }
  const auto amount = silver::turnover(category, trade.price, trade.size);
  volume.add(trade.size);
  turnover.add(amount);
  if (trade.side == bronze::Side::buy) {
    buy_volume.add(trade.size);
    buy_turnover.add(amount);
  }
  ++trades;
}

void Candle::merge(const Candle& other) {
  if (other.trades == 0) return;
  if (trades == 0) {
    *this = other;
    return;
  }
  if (comes_before(other.first, first)) first = other.first;
  if (comes_before(last, other.last)) last = other.last;
  high = std::max(high, other.high);
  low = std::min(low, other.low);
  volume.merge(other.volume);
  turnover.merge(other.turnover);
  buy_volume.merge(other.buy_volume);
  buy_turnover.merge(other.buy_turnover);
  trades += other.trades;
}

}  // namespace tradelake::silver
