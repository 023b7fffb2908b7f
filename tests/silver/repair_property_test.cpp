// Histories with late trades, and tables that others have damaged: after a repair the candles of
// the range are those of all trades, everything else is as it was, a second one finds nothing, and
// the pipeline goes on as if the tables had always been so.
//
// SILVER_SEED=n runs that seed alone, SILVER_SEEDS=count so many of them.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <arrow/table.h>
#include <fmt/format.h>

#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "log/topic.h"
#include "silver/any_trades.h"
#include "silver/candle_repair.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t minute_ms = 60'000, hour_ms = 60 * minute_ms;
constexpr std::int64_t grace_ms = 180'000, lateness_ms = 2'000;
constexpr std::int64_t midnight_ms = 1'798'761'600'000;  // a year begins, too
constexpr std::int64_t long_after_us = (midnight_ms + 30 * 24 * hour_ms) * us_per_ms;

using Table = std::vector<CandleRow>;
using Named = std::map<CandleName, CandleRow>;

Named named(const Table& rows) {
  Named all;
  for (const auto& row : rows) {
    EXPECT_TRUE(all.emplace(CandleName{row.symbol, row.open_time_us}, row).second)
        << "two rows of " << row.symbol << ' ' << format_us(row.open_time_us);
  }
  return all;
}

bool same_row(const CandleRow& a, const CandleRow& b) {
  return a.same_candle(b) && a.revision == b.revision && a.updated_at_us == b.updated_at_us;
}

struct Known {
  SentTrade trade;
  std::size_t arrival = 0;  // of the first time
  bool late = false;        // and not taken in
  std::int64_t open_us() const { return floor_to(trade.time_ms, minute_ms) * us_per_ms; }
};

class AnyRepair {
 public:
  explicit AnyRepair(std::uint64_t seed) : dice_(seed), lake_(grace_ms * us_per_ms) {}

  void run() {
    make_trades();
    for (const auto& [at_ms, trade] : arrivals()) {
      send(trade);
      if (dice_.chance(1)) lake_.send_end_marker(trade.symbol);
      if (dice_.chance(cut_percent_)) commit();
      if (dice_.chance(cut_percent_)) commit_bronze();
      if (dice_.chance(4)) repair_something();
      if (testing::Test::HasFailure()) return;
    }
    for (const auto& symbol : symbols_of_any) lake_.send_end_marker(symbol);
    commit();
    commit_bronze();
    repair_something();
    repair_all();
  }

  int repairs() const { return repairs_; }
  int taken() const { return taken_; }
  int fenced() const { return fenced_; }

 private:
  void make_trades() {
    cut_percent_ = 5 + dice_.below(25);
    for (auto n = 20 + dice_.below(60); n > 0; --n) {
      trades_.push_back(any_trade(dice_, static_cast<int>(trades_.size()), [&] {
        const auto time_ms = midnight_ms - 100 * minute_ms + dice_.below(200 * minute_ms);
        return dice_.chance(60) ? midnight_ms + dice_.below(20 * minute_ms) - 10 * minute_ms
                                : time_ms;
      }));
    }
  }

  // Some come so late that their candles are out of grace.
  std::multimap<std::int64_t, SentTrade> arrivals() {
    std::multimap<std::int64_t, SentTrade> all;
    for (const auto& trade : trades_) {
      for (int times = dice_.chance(15) ? 2 : 1; times > 0; --times) {
        const auto delay = dice_.chance(50)   ? dice_.below(3'000)
                           : dice_.chance(60) ? dice_.below(grace_ms)
                                              : dice_.below(60 * minute_ms);
        all.emplace(trade.time_ms + delay, trade);
      }
    }
    return all;
  }

  void send(const SentTrade& trade) {
    auto& greatest = greatest_ms_[log::partition_of(trade.symbol)];
    const auto end_ms = floor_to(trade.time_ms, minute_ms) + minute_ms;
    const bool late = greatest && *greatest - lateness_ms >= end_ms + grace_ms;
    known_.try_emplace(trade.id, Known{trade, sent_, late});
    greatest = std::max(greatest.value_or(trade.time_ms), trade.time_ms);
    lake_.send(trade);
    ++sent_;
  }

  void commit() {
    if (dice_.chance(40)) lake_.restart();
    lake_.commit();
    consumed_ = sent_;
    consumed_greatest_ms_ = greatest_ms_;
  }

  void commit_bronze() {
    lake_.commit_bronze();
    in_bronze_ = sent_;
  }

  // Of the trades that the pipeline has read, those not late.
  Named expected_candles(const StoredInterval& interval) const {
    std::vector<SentTrade> trades;
    for (const auto& [id, known] : known_) {
      if (!known.late && known.arrival < consumed_) trades.push_back(known.trade);
    }
    return candles_of(trades, interval);
  }

  bool is_past(const std::string& symbol, std::int64_t end_us) const {
    const auto greatest = consumed_greatest_ms_.find(log::partition_of(symbol));
    return greatest != consumed_greatest_ms_.end() && greatest->second &&
           end_us <= (*greatest->second - lateness_ms) * us_per_ms;
  }

  bool in_range(const CandleName& name, std::int64_t step_us) const {
    return name.second < request_.to_us && name.second + step_us > request_.from_us &&
           (request_.markets.empty() || request_.markets.front().symbol == name.first);
  }

  // Another writer changes, doubles, makes up or removes rows of the range.
  void damage() {
    for (const auto& interval : stored_intervals) {
      if (dice_.chance(40)) continue;
      Table rows = lake_.rows(interval), damaged;
      bool any = false;
      for (auto& row : rows) {
        const CandleName name{row.symbol, row.open_time_us};
        damaged.push_back(row);
        if (!in_range(name, interval.step_us) || !dice_.chance(10)) continue;
        any = true;
        auto& last = damaged.back();
        if (dice_.chance(20)) {
          damaged.push_back(row);
        } else if (dice_.chance(40) && is_past(row.symbol, row.open_time_us + interval.step_us)) {
          damaged.pop_back();
        } else if (dice_.chance(50)) {
          last.trades += 1;
          last.volume = std::nullopt;
        } else {
          last.close = Decimal{1};
          last.first_trade_time_us += 1;
        }
      }
      if (interval.name == "1m") any |= make_up(damaged);
      if (any) lake_.overwrite(interval, damaged);
    }
  }

  // A minute without trades, which no more trade can be in.
  bool make_up(Table& rows) {
    const auto open_us = request_.from_us;
    const auto& symbol =
        request_.markets.empty() ? symbols_of_any[0] : request_.markets.front().symbol;
    if (rows.empty() || !dice_.chance(30) ||
        !is_past(symbol, open_us + (minute_ms + grace_ms) * 1'000) ||
        expected_candles(minute_interval).contains({symbol, open_us}) ||
        named(lake_.rows(minute_interval)).contains({symbol, open_us}))
      return false;
    auto row = rows.front();
    row.symbol = symbol;
    row.open_time_us = row.first_trade_time_us = row.last_trade_time_us = open_us;
    row.revision = 0;
    // A number that is on record already is another one's.
    if (corrected_.contains({"1m", symbol, open_us})) return false;
    rows.push_back(row);
    return true;
  }

  void choose_range() {
    std::int64_t oldest_ms = INT64_MAX, newest_ms = INT64_MIN;
    for (const auto& [id, known] : known_) {
      if (known.arrival >= in_bronze_) continue;
      oldest_ms = std::min(oldest_ms, floor_to(known.trade.time_ms, hour_ms));
      newest_ms = std::max(newest_ms, known.trade.time_ms);
    }
    const auto minutes = (newest_ms - oldest_ms) / minute_ms + 1;
    auto from_ms = oldest_ms, to_ms = oldest_ms + (minutes + 5) * minute_ms;
    if (dice_.chance(70)) {
      from_ms = oldest_ms + dice_.below(minutes) * minute_ms;
      to_ms = from_ms + (1 + dice_.below(dice_.chance(50) ? 10 : minutes)) * minute_ms;
    }
    request_ = {};
    request_.from_us = from_ms * us_per_ms;
    request_.to_us = to_ms * us_per_ms;
    request_.grace_us = grace_ms * us_per_ms;
    if (!dice_.chance(25)) return;
    // Any that the range has something of: others are not known there.
    const auto candles = expected_candles(minute_interval);
    for (const auto& [name, candle] : candles) {
      if (in_range(name, us_per_minute)) request_.markets = {{bybit::Category::linear, name.first}};
    }
  }

  std::optional<RepairPlan> planned() {
    auto plan = plan_repair(lake_.catalog(), lake_.io(), request_, long_after_us);
    if (plan) return std::optional<RepairPlan>(std::move(*plan));
    // Bronze does not have what the candles were made of.
    EXPECT_EQ(plan.error().code, Errc::invalid_argument) << plan.error().message;
    EXPECT_LT(in_bronze_, consumed_) << plan.error().message;
    EXPECT_NE(plan.error().message.find("is behind the candles"), std::string::npos)
        << plan.error().message;
    return std::nullopt;
  }

  void repair_something() {
    if (in_bronze_ == 0 || consumed_ == 0) return;
    choose_range();
    if (!planned()) {
      commit_bronze();
      choose_range();
    }
    note_corrections();
    if (dice_.chance(70)) damage();
    if (testing::Test::HasFailure()) return;
    std::array<Named, stored_intervals.size()> before;
    for (std::size_t n = 0; n < before.size(); ++n) {
      for (const auto& row : lake_.rows(stored_intervals[n]))
        before[n][{row.symbol, row.open_time_us}] = row;
    }
    auto plan = planned();
    ASSERT_TRUE(plan);
    ASSERT_EQ(lake_.count("candle_revisions"), recorded_);  // planning changes nothing
    const bool something = !plan->empty();
    if (something) {
      const auto done = commit_repair(lake_.catalog(), lake_.io(), *plan);
      ASSERT_TRUE(done) << done.error().message;
      ++repairs_;
    }
    for (auto& [id, known] : known_) {
      const CandleName name{known.trade.symbol, known.open_us()};
      if (!known.late || known.arrival >= consumed_ || known.arrival >= in_bronze_ ||
          !in_range(name, us_per_minute))
        continue;
      known.late = false;
      ++taken_;
    }
    check(before);
    again();
    if (testing::Test::HasFailure()) return;
    if (something && dice_.chance(30)) {
      running_one_is_fenced();
    } else {
      lake_.restart();
    }
    restart_changes_nothing();
  }

  void check(const std::array<Named, stored_intervals.size()>& before) {
    const auto expected = expected_candles(minute_interval);
    const auto minutes = named(lake_.rows(minute_interval));
    for (const auto& [name, row] : minutes) {
      if (!in_range(name, us_per_minute)) continue;
      const auto found = expected.find(name);
      ASSERT_TRUE(found != expected.end() && row.same_candle(found->second))
          << name.first << ' ' << format_us(name.second) << " after " << sent_;
    }
    for (const auto& [name, row] : expected) {
      if (!in_range(name, us_per_minute)) continue;
      EXPECT_TRUE(minutes.contains(name) || !is_past(name.first, name.second + us_per_minute))
          << name.first << ' ' << format_us(name.second) << " is missing after " << sent_;
    }
    for (std::size_t n = 0; n < stored_intervals.size(); ++n) {
      const auto& interval = stored_intervals[n];
      const auto now = named(lake_.rows(interval));
      // What was right is as it was, in the range and elsewhere.
      for (const auto& [name, row] : before[n]) {
        if (in_range(name, interval.step_us)) continue;
        const auto found = now.find(name);
        ASSERT_TRUE(found != now.end() && same_row(found->second, row))
            << interval.name << ' ' << name.first << ' ' << format_us(name.second);
      }
      if (n > 0) check_larger(interval, minutes, now);
    }
  }

  void check_larger(const StoredInterval& interval, const Named& minutes, const Named& larger) {
    Named merged;
    for (const auto& [name, row] : minutes) {
      const CandleName start{name.first, interval.open_time_us(name.second)};
      const auto [into, fresh] = merged.try_emplace(start, row);
      if (!fresh) into->second.merge(row);
      into->second.open_time_us = start.second;
    }
    for (const auto& [name, row] : larger) {
      const auto found = merged.find(name);
      ASSERT_TRUE(found != merged.end() && row.same_candle(found->second))
          << interval.name << ' ' << name.first << ' ' << format_us(name.second) << " after "
          << sent_;
    }
    for (const auto& [name, row] : merged) {
      EXPECT_TRUE(larger.contains(name) || !in_range(name, interval.step_us) ||
                  !is_past(name.first, name.second + interval.step_us))
          << interval.name << ' ' << name.first << ' ' << format_us(name.second) << " is missing";
    }
  }

  void again() {
    const auto plan = planned();
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->empty()) << plan->changes.differences() << " differences, "
                               << plan->late.trades() << " late trades";
  }

  // What it knows of the tables is not so any more.
  void running_one_is_fenced() {
    const auto revisions = lake_.count("candle_revisions");
    send(SentTrade(known_.begin()->second.trade));
    const auto done = lake_.try_commit();
    lake_.restart();
    if (done) {
      // It had been restarted before, and loaded the tables as they are.
      consumed_ = sent_;
      return;
    }
    EXPECT_EQ(done.error().code, Errc::fenced) << done.error().message;
    EXPECT_EQ(lake_.count("candle_revisions"), revisions);
    ++fenced_;
  }

  void restart_changes_nothing() {
    if (consumed_ != sent_) return;
    const auto revisions = lake_.count("candle_revisions");
    lake_.commit();
    EXPECT_EQ(lake_.count("candle_revisions"), revisions) << "after " << sent_;
    lake_.restart();
  }

  using Corrected = std::tuple<std::string, std::string, std::int64_t>;
  void note_corrections() {
    corrected_.clear();
    recorded_ = 0;
    for (const auto& [key, revisions] : revisions_on_record()) {
      corrected_.insert(key);
      recorded_ += std::ssize(revisions);
    }
  }

  std::map<Corrected, std::vector<std::int64_t>> revisions_on_record() {
    std::map<Corrected, std::vector<std::int64_t>> all;
    const auto head = lake_.table("candle_revisions");
    const auto files = *iceberg::plan_files(*head.metadata, lake_.io(), {});
    for (const auto& file : files) {
      const auto rows = *iceberg::read_data_file(
          *head.metadata, lake_.io(), file, {"interval", "symbol", "open_time", "revision"}, {});
      const iceberg::RowReader reader(*rows);
      for (std::int64_t row = 0; row < reader.rows(); ++row) {
        all[{std::string(reader.text(0, row)), std::string(reader.text(1, row)),
             reader.integer(2, row)}]
            .push_back(reader.integer(3, row));
      }
    }
    return all;
  }

  // All of it, at the end: the candles of all trades, and no late one left.
  void repair_all() {
    if (testing::Test::HasFailure()) return;
    commit();
    commit_bronze();
    request_ = {};
    std::int64_t oldest_ms = INT64_MAX;
    for (const auto& trade : trades_) oldest_ms = std::min(oldest_ms, trade.time_ms);
    request_.from_us = floor_to(oldest_ms, hour_ms) * us_per_ms;
    request_.to_us = (midnight_ms + 24 * hour_ms) * us_per_ms;
    request_.grace_us = grace_ms * us_per_ms;
    auto plan = planned();
    ASSERT_TRUE(plan);
    if (!plan->empty()) {
      const auto done = commit_repair(lake_.catalog(), lake_.io(), *plan);
      ASSERT_TRUE(done) << done.error().message;
    }
    for (auto& [id, known] : known_) known.late = false;
    lake_.restart();
    restart_changes_nothing();
    for (const auto& interval : stored_intervals) {
      const auto found = named(lake_.rows(interval)), expected = expected_candles(interval);
      ASSERT_EQ(found.size(), expected.size()) << interval.name;
      for (const auto& [name, row] : expected) {
        EXPECT_TRUE(found.contains(name) && found.at(name).same_candle(row))
            << interval.name << ' ' << name.first << ' ' << format_us(name.second);
      }
    }
    revisions_are_on_record();
  }

  // Each correction once, the numbers without gaps; the last of a candle that is there is its own.
  void revisions_are_on_record() {
    auto record = revisions_on_record();
    for (const auto& interval : stored_intervals) {
      for (const auto& row : lake_.rows(interval)) {
        auto& revisions = record[{std::string(interval.name), row.symbol, row.open_time_us}];
        std::ranges::sort(revisions);
        std::vector<std::int64_t> wanted;
        for (std::int32_t n = 1; n <= row.revision; ++n) wanted.push_back(n);
        EXPECT_EQ(revisions, wanted)
            << interval.name << ' ' << row.symbol << ' ' << format_us(row.open_time_us);
      }
    }
  }

  Dice dice_;
  SilverLake lake_;
  std::vector<SentTrade> trades_;
  std::int64_t cut_percent_ = 0;
  std::map<int, Known> known_;  // by id
  std::map<std::int32_t, std::optional<std::int64_t>> greatest_ms_, consumed_greatest_ms_;
  std::size_t sent_ = 0, consumed_ = 0, in_bronze_ = 0;
  RepairRequest request_;
  std::set<Corrected> corrected_;
  std::int64_t recorded_ = 0;
  int repairs_ = 0, taken_ = 0, fenced_ = 0;
};

TEST(RepairProperty, AnyHistoryIsBroughtToWhatBronzeHolds) {
  spdlog::set_level(spdlog::level::off);
  const auto seeds = seeds_to_run(40);
  int repairs = 0, taken = 0, fenced = 0;
  for (auto seed = seeds.first; seed <= seeds.last && !HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("SILVER_SEED={}", seed));
    AnyRepair history(seed);
    history.run();
    repairs += history.repairs();
    taken += history.taken();
    fenced += history.fenced();
  }
  if (seeds.chosen || HasFailure()) return;
  EXPECT_GT(repairs, 0);
  EXPECT_GT(taken, 0);
  EXPECT_GT(fenced, 0);
}

}  // namespace
}  // namespace tradelake::silver
