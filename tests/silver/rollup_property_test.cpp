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

#include "silver/any_trades.h"
#include "silver/candle_row.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t grace_ms = 180'000;
// A year begins, and so do a month, a day, four hours and all less.
constexpr std::int64_t midnight_ms = 1'798'761'600'000;

struct Arrival {
  std::int64_t at_ms = 0;
  SentTrade trade;
};

using Table = std::vector<CandleRow>;

class AnyHistory {
 public:
  explicit AnyHistory(std::uint64_t seed) : dice_(seed), lake_(grace_ms * us_per_ms) {}

  void run() {
    make_trades();
    for (const auto& arrival : arrivals()) {
      lake_.send(arrival.trade);
      ++sent_;
      if (dice_.chance(2)) lake_.send_end_marker(arrival.trade.symbol);
      if (dice_.chance(cut_percent_)) commit();
      if (testing::Test::HasFailure()) return;
    }
    for (const auto& symbol : symbols_of_any) lake_.send_end_marker(symbol);
    commit();
    if (dice_.chance(30)) commit();
    EXPECT_EQ(lake_.count("late_trades"), 0);
    for (const auto& interval : stored_intervals)
      expect_same(interval, lake_.rows(interval), made_of_trades(interval));
    revisions_are_on_record();
  }

 private:
  // Around midnight, mostly; some markets rest for hours.
  void make_trades() {
    cut_percent_ = 2 + dice_.below(25);
    const std::int64_t before_ms = minute_ms * (1 + dice_.below(300)), length_ms = before_ms * 2;
    for (auto n = 20 + dice_.below(60); n > 0; --n) {
      trades_.push_back(any_trade(dice_, static_cast<int>(trades_.size()), [&] {
        const auto time_ms = midnight_ms - before_ms + dice_.below(length_ms);
        return dice_.chance(50) ? midnight_ms + dice_.below(20 * minute_ms) - 10 * minute_ms
                                : time_ms;
      }));
    }
  }

  // Nothing that came before it is later by more than the delay.
  std::vector<Arrival> arrivals() {
    std::vector<Arrival> all;
    for (const auto& trade : trades_) {
      for (int times = dice_.chance(15) ? 2 : 1; times > 0; --times)
        all.push_back(
            {trade.time_ms + (dice_.chance(60) ? dice_.below(3'000) : dice_.below(grace_ms)),
             trade});
    }
    std::ranges::shuffle(all, dice_.engine());
    std::ranges::stable_sort(all, {}, &Arrival::at_ms);
    return all;
  }

  void commit() {
    if (dice_.chance(40)) lake_.restart();
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
  Table made_of_trades(const StoredInterval& interval) const {
    Table all;
    for (const auto& [name, row] : candles_of(trades_, interval)) all.push_back(row);
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

  Dice dice_;
  SilverLake lake_;
  std::vector<SentTrade> trades_;
  std::int64_t cut_percent_ = 0;
  int sent_ = 0;
};

TEST(RollupProperty, AnyHistoryOfTheSameTradesGivesTheSameTables) {
  spdlog::set_level(spdlog::level::off);
  const auto seeds = seeds_to_run(200);
  for (auto seed = seeds.first; seed <= seeds.last && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("SILVER_SEED={}", seed));
    AnyHistory(seed).run();
  }
}

}  // namespace
}  // namespace tradelake::silver
