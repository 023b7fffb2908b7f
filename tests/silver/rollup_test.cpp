// Candles of all intervals through the pipeline: what one market comes to, step by step.
// rollup_property_test.cpp has the same for whatever may come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "log/topic.h"
#include "silver/silver_lake.h"

namespace tradelake::silver {
namespace {

using testing::Contains;

constexpr std::int64_t second_ms = 1'000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms;
std::string table_name(const StoredInterval& interval) {
  return fmt::format("candles_{}", interval.name);
}

constexpr std::int64_t midnight_ms = 1'785'542'400'000;  // a month begins, too

class RollupTest : public testing::Test {
 protected:
  RollupTest() { spdlog::set_level(spdlog::level::off); }

  void send(const std::string& symbol, std::int64_t time_ms, std::int64_t price = 1) {
    lake_->send({symbol, time_ms, price, 1, true, ++ids_, 0});
  }
  // How many trades each stored candle of that interval has, by its start relative to midnight.
  std::map<std::int64_t, std::int64_t> trades(std::size_t interval,
                                              const std::string& symbol = "BTCUSDT") {
    std::map<std::int64_t, std::int64_t> counts;
    for (const auto& row : lake_->rows(stored_intervals[interval])) {
      if (row.symbol == symbol) counts[row.open_time_us / us_per_ms - midnight_ms] = row.trades;
    }
    return counts;
  }
  CandleRow day() {
    for (const auto& row : lake_->rows(stored_intervals.back())) {
      if (row.symbol == "BTCUSDT") return row;
    }
    ADD_FAILURE() << "no candle of a day";
    return {};
  }

  using Counts = std::map<std::int64_t, std::int64_t>;
  std::unique_ptr<SilverLake> lake_ = std::make_unique<SilverLake>();
  int ids_ = 0;
};

TEST_F(RollupTest, ALargerCandleIsWrittenWhenItsLastMinuteIsPast) {
  send("BTCUSDT", midnight_ms + minute_ms);
  send("BTCUSDT", midnight_ms + 5 * minute_ms + 1'999);
  lake_->commit();
  EXPECT_EQ(trades(0), (Counts{{minute_ms, 1}}));
  EXPECT_EQ(trades(1), Counts());
  send("BTCUSDT", midnight_ms + 5 * minute_ms + 2'000);
  lake_->commit();
  EXPECT_EQ(trades(1), (Counts{{0, 1}}));
  EXPECT_EQ(trades(2), Counts());
  send("BTCUSDT", midnight_ms + hour_ms + 2'000);
  lake_->commit();
  EXPECT_EQ(trades(1), (Counts{{0, 1}, {5 * minute_ms, 2}}));
  EXPECT_EQ(trades(2), (Counts{{0, 3}}));
  EXPECT_EQ(trades(3), Counts());
  EXPECT_EQ(lake_->count("candle_revisions"), 0);
}

TEST_F(RollupTest, ADayIsWholeAcrossRestarts) {
  for (int hour = 0; hour < 24; ++hour) {
    send("BTCUSDT", midnight_ms + hour * hour_ms + 7 * minute_ms, 100 + (hour == 5 ? 50 : hour));
    if (hour % 2 == 0) send("ETHUSDT", midnight_ms + hour * hour_ms + 8 * minute_ms);
    lake_->commit();
    if (hour % 3 == 1) lake_->restart();
  }
  EXPECT_EQ(trades(4), Counts());
  send("BTCUSDT", midnight_ms + 24 * hour_ms + 2'000);
  lake_->commit();
  EXPECT_EQ(trades(4), (Counts{{0, 24}}));
  EXPECT_EQ(to_string(day().open), "100");
  EXPECT_EQ(to_string(day().high), "150");
  EXPECT_EQ(to_string(day().close), "123");
  EXPECT_EQ(trades(2).size(), 24u);
  EXPECT_EQ(trades(3), (Counts{{0, 4},
                               {4 * hour_ms, 4},
                               {8 * hour_ms, 4},
                               {12 * hour_ms, 4},
                               {16 * hour_ms, 4},
                               {20 * hour_ms, 4}}));
  EXPECT_EQ(lake_->count("candle_revisions"), 0);
  lake_->restart();
  lake_->commit();
  EXPECT_EQ(trades(4), (Counts{{0, 24}}));
  EXPECT_EQ(lake_->count("candle_revisions"), 0);
}

// No trade of it comes any more, and the process that knew of it is gone.
TEST_F(RollupTest, ACandleOfAMarketThatRestsIsWrittenAfterARestart) {
  // Of one partition: BTCUSDT and another.
  std::string resting;
  for (int n = 0; resting.empty(); ++n) {
    const auto symbol = fmt::format("X{}USDT", n);
    if (log::partition_of(symbol) == log::partition_of("BTCUSDT")) resting = symbol;
  }
  send(resting, midnight_ms + minute_ms);
  send("BTCUSDT", midnight_ms + 20 * minute_ms);
  lake_->commit();
  EXPECT_EQ(trades(2, resting), Counts());
  lake_->restart();
  send("BTCUSDT", midnight_ms + 30 * minute_ms);
  lake_->commit();
  lake_->restart();
  send("BTCUSDT", midnight_ms + hour_ms + 3'000);
  lake_->commit();
  EXPECT_EQ(trades(2, resting), (Counts{{0, 1}}));
  send("BTCUSDT", midnight_ms + 24 * hour_ms + 3'000);
  lake_->commit();
  EXPECT_EQ(trades(4, resting), (Counts{{0, 1}}));
}

TEST_F(RollupTest, ALateTradeAfterMidnightRevisesAllOfYesterdayInOneCommit) {
  for (const bool restarts : {false, true}) {
    send("BTCUSDT", midnight_ms - 30 * minute_ms);
    send("BTCUSDT", midnight_ms - minute_ms + 1);
    send("BTCUSDT", midnight_ms + 5 * minute_ms);
    lake_->commit();
    EXPECT_EQ(trades(4), (Counts{{-24 * hour_ms, 2}}));
    if (restarts) lake_->restart();
    std::vector<std::size_t> before;
    for (const auto& interval : stored_intervals)
      before.push_back(lake_->table(table_name(interval)).metadata->snapshots.size());
    send("BTCUSDT", midnight_ms - minute_ms, 7);
    lake_->commit();
    EXPECT_EQ(trades(0).at(-minute_ms), 2);
    EXPECT_EQ(trades(1).at(-5 * minute_ms), 2);
    EXPECT_EQ(trades(2).at(-hour_ms), 3);
    EXPECT_EQ(trades(3).at(-4 * hour_ms), 3);
    EXPECT_EQ(trades(4).at(-24 * hour_ms), 3);
    EXPECT_EQ(lake_->revisions("BTCUSDT"),
              (std::vector<std::string>{"1d late_trade 1", "1h late_trade 1", "1m late_trade 1",
                                        "4h late_trade 1", "5m late_trade 1"}));
    std::vector<std::string> commits;
    for (std::size_t n = 0; n < stored_intervals.size(); ++n) {
      const auto head = lake_->table(table_name(stored_intervals[n]));
      EXPECT_EQ(head.metadata->snapshots.size(), before[n] + 1) << stored_intervals[n].name;
      commits.push_back(head.metadata->current_snapshot()->summary.at("tradelake.commit-id"));
    }
    EXPECT_EQ(std::ranges::count(commits, commits.front()), 5);
    lake_ = std::make_unique<SilverLake>();
  }
}

TEST_F(RollupTest, ATradeBeyondGraceEntersNoInterval) {
  send("BTCUSDT", midnight_ms - 30 * minute_ms);
  send("BTCUSDT", midnight_ms + 15 * minute_ms);
  lake_->commit();
  send("BTCUSDT", midnight_ms - 20 * minute_ms);
  lake_->commit();
  EXPECT_EQ(trades(4), (Counts{{-24 * hour_ms, 1}}));
  EXPECT_EQ(lake_->count("late_trades"), 1);
  EXPECT_EQ(lake_->count("candle_revisions"), 0);
}

TEST_F(RollupTest, AfterAnEndMarkerTheNextMinutesExtendWhatIsWritten) {
  send("BTCUSDT", midnight_ms + 10 * minute_ms);
  lake_->send_end_marker("BTCUSDT");
  lake_->commit();
  EXPECT_EQ(trades(0), (Counts{{10 * minute_ms, 1}}));
  EXPECT_EQ(trades(4), (Counts{{0, 1}}));
  lake_->restart();
  send("BTCUSDT", midnight_ms + 30 * minute_ms);
  send("BTCUSDT", midnight_ms + 31 * minute_ms + 3'000);
  lake_->commit();
  // The minute before is out of the book's reach of the marker, the candles around it are not.
  EXPECT_EQ(lake_->revisions("BTCUSDT"),
            (std::vector<std::string>{"1d extended 1", "1h extended 1", "4h extended 1"}));
  EXPECT_EQ(trades(1), (Counts{{10 * minute_ms, 1}}));
  lake_->restart();
  // From here on a correction of the hour is because of a late trade.
  send("BTCUSDT", midnight_ms + hour_ms + 3'000);
  lake_->commit();
  send("BTCUSDT", midnight_ms + hour_ms - 1);
  lake_->commit();
  const auto revisions = lake_->revisions("BTCUSDT");
  EXPECT_THAT(revisions, Contains("1h late_trade 3"));
  EXPECT_THAT(revisions, Contains("1d extended 3"));
}

// Although the same commit brings what closes the minute.
TEST_F(RollupTest, TheRestOfAMinuteThatAnEndMarkerClosedExtendsIt) {
  send("BTCUSDT", midnight_ms + 10'000);
  lake_->send_end_marker("BTCUSDT");
  lake_->commit();
  send("BTCUSDT", midnight_ms + 20'000);
  send("BTCUSDT", midnight_ms + 2 * minute_ms);
  lake_->commit();
  EXPECT_EQ(trades(0), (Counts{{0, 2}}));
  EXPECT_EQ(lake_->revisions("BTCUSDT"),
            (std::vector<std::string>{"1d extended 1", "1h extended 1", "1m extended 1",
                                      "4h extended 1", "5m extended 1"}));
  send("BTCUSDT", midnight_ms + 30'000);
  lake_->commit();
  EXPECT_THAT(lake_->revisions("BTCUSDT"), Contains("1m late_trade 2"));
}

// The marker closes what rests, too, even if it is a restart that knows of it from the tables
// alone.
TEST_F(RollupTest, AnEndMarkerWritesWhatOnlyTheTablesKnow) {
  send("BTCUSDT", midnight_ms + minute_ms);
  send("BTCUSDT", midnight_ms + 20 * minute_ms);
  lake_->commit();
  lake_->restart();
  lake_->send_end_marker("BTCUSDT");
  lake_->commit();
  EXPECT_EQ(trades(1), (Counts{{0, 1}, {20 * minute_ms, 1}}));
  EXPECT_EQ(trades(4), (Counts{{0, 2}}));
}

// Only minutes are there, as an earlier version left them.
TEST_F(RollupTest, ALakeWithMinutesAloneGetsItsCurrentDayWhole) {
  send("BTCUSDT", midnight_ms - hour_ms);
  for (int hour = 0; hour < 3; ++hour) send("BTCUSDT", midnight_ms + hour * hour_ms + 5'000);
  lake_->commit();
  lake_->restart();
  lake_->change_catalog(
      "DELETE FROM iceberg_tables WHERE table_name LIKE 'candles_%' AND table_name <> 'candles_1m';"
      "DELETE FROM tradelake_table_commits WHERE table_name LIKE 'candles_%' AND table_name <> "
      "'candles_1m';");
  lake_->commit();
  EXPECT_EQ(trades(0).size(), 3u);
  EXPECT_EQ(trades(1), (Counts{{0, 1}, {hour_ms, 1}}));
  EXPECT_EQ(trades(2), (Counts{{0, 1}, {hour_ms, 1}}));
  send("BTCUSDT", midnight_ms + 24 * hour_ms + 2'000);
  lake_->commit();
  EXPECT_EQ(trades(2), (Counts{{0, 1}, {hour_ms, 1}, {2 * hour_ms, 1}}));
  EXPECT_EQ(trades(4), (Counts{{0, 3}}));
  EXPECT_EQ(lake_->count("candle_revisions"), 0);
}

}  // namespace
}  // namespace tradelake::silver
