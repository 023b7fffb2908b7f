// 1m candles from parsed trades of a thousand markets: what one core does.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bronze/market_table.h"
#include "core/time.h"
#include "silver/books.h"

namespace tradelake::silver {
namespace {

constexpr std::size_t markets = 1000, trades_made = 1 << 20;
constexpr std::int64_t grace_us = 10 * us_per_minute;
constexpr Decimal unit{int128_t{1'000'000'000'000'000'000}};

struct Parsed {
  bybit::Category category{};
  std::string symbol, trade_id;
  std::int64_t after_us = 0;  // the trade before
  bronze::Side side{};
  Decimal price, size;
};

// Some markets trade a hundred times as much as others; a taker order takes up to four levels.
std::vector<Parsed> make_trades() {
  std::mt19937_64 random(5);
  std::exponential_distribution<double> popularity(1.0 / 120);
  std::vector<Parsed> trades;
  while (trades.size() < trades_made) {
    const auto market = static_cast<std::size_t>(popularity(random)) % markets;
    const bool inverse = market % 10 == 0;
    const auto side = random() % 2 == 0 ? bronze::Side::buy : bronze::Side::sell;
    for (auto level = 1 + random() % 4; level > 0; --level) {
      trades.push_back({inverse ? bybit::Category::inverse : bybit::Category::linear,
                        fmt::format("COIN{}USDT", market),
                        fmt::format("{:08x}-{:04x}-5ac1-8f3e-{:012x}", random() & 0xffffffff,
                                    random() & 0xffff, random() & 0xffffffffffff),
                        level == 1 ? 500 : 0,
                        side,
                        {unit.units / 1000 * static_cast<int128_t>(1 + random() % 60'000'000)},
                        {unit.units / 1000 * static_cast<int128_t>(1 + random() % 1'000'000)}});
    }
  }
  return trades;
}

void add_to_books(benchmark::State& state) {
  const auto trades = make_trades();
  bronze::MarketTable names;
  Books books;
  books.make(0);
  std::int64_t time_us = 0, count = 0;
  for (auto _ : state) {
    for (const auto& trade : trades) {
      time_us += trade.after_us;
      const auto market = names.index_of(trade.category, trade.symbol);
      const std::int64_t open_time_us = floor_to(time_us, us_per_minute);
      books.of_trade(market, 0, open_time_us)
          .add(trade.category, market, open_time_us,
               {time_us, ++count, trade.side, trade.price, trade.size, trade.trade_id});
    }
    books.of_slot(0).drop_until(time_us - grace_us);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(trades.size()));
  state.counters["candles"] = static_cast<double>(books.size());
}
BENCHMARK(add_to_books)->Unit(benchmark::kMillisecond)->MinTime(3);

}  // namespace
}  // namespace tradelake::silver

BENCHMARK_MAIN();
