#include "silver/any_trades.h"

#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "core/time.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t minute_ms = us_per_minute / us_per_ms;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::stoull(text);
}

}  // namespace

SentTrade any_trade(Dice& dice, int id, const std::function<std::int64_t()>& time_ms) {
  SentTrade trade;
  trade.symbol = symbols_of_any[static_cast<std::size_t>(dice.below(std::ssize(symbols_of_any)))];
  trade.time_ms = time_ms();
  if (dice.chance(10)) trade.time_ms = trade.time_ms / minute_ms * minute_ms;
  trade.price = 1 + dice.below(1'000);
  trade.size = 1 + dice.below(1'000);
  trade.buy = dice.chance(50);
  trade.seq = dice.below(3);
  trade.id = id;
  return trade;
}

std::map<CandleName, CandleRow> candles_of(std::span<const SentTrade> trades,
                                           const StoredInterval& interval) {
  std::map<CandleName, Candle> candles;
  for (const auto& trade : trades) {
    const auto id = fmt::to_string(trade.id);
    const CandleTrade one{trade.time_ms * us_per_ms,
                          trade.seq,
                          trade.buy ? bronze::Side::buy : bronze::Side::sell,
                          *parse_decimal(fmt::to_string(trade.price)),
                          *parse_decimal(fmt::to_string(trade.size)),
                          id};
    candles[{trade.symbol, interval.open_time_us(one.trade_time_us)}].add(bybit::Category::linear,
                                                                          one);
  }
  std::map<CandleName, CandleRow> rows;
  for (const auto& [name, candle] : candles)
    rows[name] = to_row(bybit::Category::linear, name.first, name.second, candle);
  return rows;
}

Seeds seeds_to_run(std::uint64_t count) {
  if (const auto one = number_from("SILVER_SEED")) return {*one, *one, true};
  return {1, number_from("SILVER_SEEDS").value_or(count), false};
}

}  // namespace tradelake::silver
