#include "feed/simulator/market_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/time.h"

namespace tradelake::feed {
namespace {

constexpr std::size_t remembered_trades = 1'000;  // as far as recent-trade reaches
constexpr std::int64_t minute_ms = 60'000;

Decimal sum(Decimal a, std::optional<Decimal> b) {
  if (!b) return a;
  return tradelake::add(a, *b).value_or(a);
}

}  // namespace

void MarketBook::add(const bybit::Market& market, BookTrade trade) {
  History& history = histories_[market];
  const auto price = parse_decimal(trade.price);
  const auto size = parse_decimal(trade.size);
  if (price && size && price->units > 0 && size->units > 0) {
    const auto [at, fresh] = history.minutes.try_emplace(floor_to(trade.time_ms, minute_ms));
    Minute& minute = at->second;
    if (fresh) {
      minute = {*price, *price, *price, *price, {}, {}, trade.time_ms, trade.time_ms};
    }
    if (!std::exchange(minute.is_changed, true)) changed_.emplace_back(at->first, market);
    minute.high = std::max(minute.high, *price);
    minute.low = std::min(minute.low, *price);
    if (trade.time_ms < minute.first_ms) {
      minute.first = *price;
      minute.first_ms = trade.time_ms;
    }
    if (trade.time_ms >= minute.last_ms) {
      minute.last = *price;
      minute.last_ms = trade.time_ms;
    }
    const bool inverse = market.category == bybit::Category::inverse;
    minute.volume = sum(minute.volume, *size);
    minute.turnover =
        sum(minute.turnover, inverse ? divide(*size, *price) : multiply(*price, *size));
  }
  history.trades.push_back(std::move(trade));
  if (history.trades.size() > remembered_trades) history.trades.pop_front();
}

std::vector<const BookTrade*> MarketBook::recent(const bybit::Market& market,
                                                 std::size_t limit) const {
  std::vector<const BookTrade*> list;
  const auto found = histories_.find(market);
  if (found == histories_.end()) return list;
  const auto& trades = found->second.trades;
  for (auto at = trades.rbegin(); at != trades.rend() && list.size() < limit; ++at) {
    list.push_back(&*at);
  }
  return list;
}

BookCandle MarketBook::candle_of(const Minutes& minutes, Minutes::const_iterator at) {
  const auto& [open_ms, minute] = *at;
  const auto open = at == minutes.begin() ? minute.first : std::prev(at)->second.last;
  return {open_ms,
          open,
          std::max(open, minute.high),
          std::min(open, minute.low),
          minute.last,
          minute.volume,
          minute.turnover};
}

std::optional<BookCandle> MarketBook::minute(const bybit::Market& market,
                                             std::int64_t open_ms) const {
  const auto found = histories_.find(market);
  if (found == histories_.end()) return std::nullopt;
  const auto& minutes = found->second.minutes;
  const auto after = minutes.upper_bound(open_ms);
  if (after == minutes.begin()) return std::nullopt;
  const auto& [newest_ms, newest] = *std::prev(after);
  if (newest_ms != open_ms) {
    const auto close = newest.last;
    return BookCandle{open_ms, close, close, close, close, {}, {}};
  }
  return candle_of(minutes, std::prev(after));
}

std::vector<std::pair<std::int64_t, bybit::Market>> MarketBook::take_changed() {
  auto changed = std::exchange(changed_, {});
  for (const auto& [open_ms, market] : changed)
    histories_.at(market).minutes.at(open_ms).is_changed = false;
  std::ranges::sort(changed);
  return changed;
}

std::vector<BookCandle> MarketBook::candles(const bybit::Market& market, std::int64_t step_ms,
                                            std::int64_t anchor_ms, std::int64_t start_ms,
                                            std::int64_t end_ms, std::size_t limit) const {
  std::vector<BookCandle> list;
  const auto found = histories_.find(market);
  if (found == histories_.end()) return list;
  const auto& minutes = found->second.minutes;
  for (auto at = minutes.begin(); at != minutes.end(); ++at) {
    const auto minute = candle_of(minutes, at);
    const auto candle_ms = floor_to(at->first - anchor_ms, step_ms) + anchor_ms;
    if (list.empty() || list.back().open_ms != candle_ms) {
      list.push_back({candle_ms, minute.open, minute.open, minute.open, minute.open, {}, {}});
    }
    BookCandle& candle = list.back();
    candle.high = std::max(candle.high, minute.high);
    candle.low = std::min(candle.low, minute.low);
    candle.close = minute.close;
    candle.volume = sum(candle.volume, minute.volume);
    candle.turnover = sum(candle.turnover, minute.turnover);
  }
  std::erase_if(list, [&](const BookCandle& candle) {
    return candle.open_ms < start_ms || candle.open_ms > end_ms;
  });
  std::ranges::reverse(list);
  if (list.size() > limit) list.resize(limit);
  return list;
}

}  // namespace tradelake::feed
