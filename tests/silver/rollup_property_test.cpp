// The same trades in any order, repeated, delayed within grace, cut into commits anywhere, with
// restarts and end markers between, give the same candles of all intervals, bit for bit; and after
// every commit each larger candle is the merge of its minutes.
//
// SILVER_SEED=n runs that seed alone, SILVER_SEEDS=count so many of them.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>

#include "silver/candle_row.h"
#include "silver/silver_lake.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t grace_ms = 180'000;
// A year begins, and so do a month, a day, four hours and all less.
constexpr std::int64_t midnight_ms = 1'798'761'600'000;
const std::vector<std::string> symbols{"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"};

struct Arrival {
  std::int64_t at_ms = 0;
  SentTrade trade;
};

using Table = std::vector<CandleRow>;

class AnyHistory {
 public:
  explicit AnyHistory(std::uint64_t seed) : random_(seed), lake_(grace_ms * us_per_ms) {}

  void run() {
    make_trades();
    for (const auto& arrival : arrivals()) {
      lake_.send(arrival.trade);
      ++sent_;
      if (chance(2)) lake_.send_end_marker(arrival.trade.symbol);
      if (chance(cut_percent_)) commit();
      if (testing::Test::HasFailure()) return;
    }
    for (const auto& symbol : symbols) lake_.send_end_marker(symbol);
    commit();
    if (chance(30)) commit();
    EXPECT_EQ(lake_.count("late_trades"), 0);
    for (const auto& interval : stored_intervals)
      expect_same(interval, lake_.rows(interval), candles_of(interval));
    revisions_are_on_record();
  }

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  bool chance(std::int64_t percent) { return below(100) < percent; }

  // Around midnight, mostly; some markets rest for hours.
  void make_trades() {
    cut_percent_ = 2 + below(25);
    const std::int64_t before_ms = minute_ms * (1 + below(300)), length_ms = before_ms * 2;
    for (auto n = 20 + below(60); n > 0; --n) {
      SentTrade trade;
      trade.symbol = symbols[static_cast<std::size_t>(below(std::ssize(symbols)))];
      trade.time_ms = midnight_ms - before_ms + below(length_ms);
      if (chance(50)) trade.time_ms = midnight_ms + below(20 * minute_ms) - 10 * minute_ms;
      if (chance(10)) trade.time_ms = trade.time_ms / minute_ms * minute_ms;
      trade.price = 1 + below(1'000);
      trade.size = 1 + below(1'000);
      trade.buy = chance(50);
      trade.seq = below(3);
      trade.id = static_cast<int>(trades_.size());
      trades_.push_back(trade);
    }
  }

  // Nothing that came before it is later by more than the delay.
  std::vector<Arrival> arrivals() {
    std::vector<Arrival> all;
    for (const auto& trade : trades_) {
      for (int times = chance(15) ? 2 : 1; times > 0; --times)
        all.push_back({trade.time_ms + (chance(60) ? below(3'000) : below(grace_ms)), trade});
    }
    std::ranges::shuffle(all, random_);
    std::ranges::stable_sort(all, {}, &Arrival::at_ms);
    return all;
  }

  void commit() {
    if (chance(40)) lake_.restart();
    lake_.commit();
    const auto minutes = lake_.rows(minute_interval);
    for (const auto& interval : larger_intervals) {
      const auto rows = lake_.rows(interval);
      std::map<std::pair<std::string, std::int64_t>, CandleRow> merged;
      for (const auto& row : merge(minutes, interval)) merged[{row.symbol, row.open_time_us}] = row;
      for (const auto& row : rows) {
        const auto found = merged.find({row.symbol, row.open_time_us});
        ASSERT_TRUE(found != merged.end() && row.same_candle(found->second))
            << interval.name << ' ' << row.symbol << ' ' << format_us(row.open_time_us) << " after "
            << sent_ << " trades";
      }
    }
  }

  static Table merge(const Table& minutes, const StoredInterval& interval) {
    Table all;
    for (auto from = minutes.begin(); from != minutes.end();) {
      const auto to = std::ranges::find_if(
          from, minutes.end(), [&](const CandleRow& row) { return row.symbol != from->symbol; });
      std::ranges::move(merge_rows({from, to}, interval.step_us), std::back_inserter(all));
      from = to;
    }
    return all;
  }

  // From the trades, without minutes.
  Table candles_of(const StoredInterval& interval) const {
    std::map<std::pair<std::string, std::int64_t>, Candle> candles;
    for (const auto& trade : trades_) {
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
    Table all;
    for (const auto& [key, candle] : candles)
      all.push_back(to_row(bybit::Category::linear, key.first, key.second, candle));
    return all;
  }

  static void expect_same(const StoredInterval& interval, const Table& found,
                          const Table& expected) {
    ASSERT_EQ(found.size(), expected.size()) << interval.name;
    for (std::size_t n = 0; n < found.size(); ++n)
      EXPECT_TRUE(found[n].same_candle(expected[n]))
          << interval.name << ' ' << found[n].symbol << ' ' << format_us(found[n].open_time_us);
  }

  void revisions_are_on_record() const {
    std::int64_t revisions = 0;
    for (const auto& interval : stored_intervals) {
      for (const auto& row : lake_.rows(interval)) revisions += row.revision;
    }
    EXPECT_EQ(lake_.count("candle_revisions"), revisions);
  }

  std::mt19937_64 random_;
  SilverLake lake_;
  std::vector<SentTrade> trades_;
  std::int64_t cut_percent_ = 0;
  int sent_ = 0;
};

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::stoull(text);
}

TEST(RollupProperty, AnyHistoryOfTheSameTradesGivesTheSameTables) {
  spdlog::set_level(spdlog::level::off);
  const auto one = number_from("SILVER_SEED");
  const auto first = one.value_or(1);
  const auto last = one.value_or(number_from("SILVER_SEEDS").value_or(200));
  for (auto seed = first; seed <= last && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("SILVER_SEED={}", seed));
    AnyHistory(seed).run();
  }
}

}  // namespace
}  // namespace tradelake::silver
