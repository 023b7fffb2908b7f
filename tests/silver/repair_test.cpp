// Repairs in the situations that repair_property_test.cpp cannot meet by chance: other writers
// between plan and commit, pipelines at different places, a window that was lost.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include <fmt/format.h>

#include "bronze/held.h"
#include "bronze/tables.h"
#include "iceberg/delete_writer.h"
#include "iceberg/scan.h"
#include "log/topic.h"
#include "silver/candle_repair.h"
#include "silver/silver_lake.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t second_ms = 1'000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms;
constexpr std::int64_t noon_ms = 1'785'585'600'000;

class RepairTest : public testing::Test {
 protected:
  RepairTest() { spdlog::set_level(spdlog::level::off); }

  void send(std::int64_t time_ms, const std::string& symbol = "BTCUSDT",
            const std::string& under = "") {
    ++ids_;
    lake_.send({symbol, noon_ms + time_ms, ids_, 1, true, ids_, 0, under});
  }
  void commit() {
    lake_.commit();
    lake_.commit_bronze();
  }
  // A trade at noon, one so late for the minute of noon that its candle is out of grace, and more
  // of that minute after it.
  void make_late_trade() {
    send(0);
    send(hour_ms);
    commit();
    send(second_ms);
    commit();
    ASSERT_EQ(lake_.count("late_trades"), 1);
    lake_.restart();
  }

  Result<RepairPlan> plan(std::int64_t from_ms = 0, std::int64_t to_ms = 2 * hour_ms) {
    RepairRequest request = request_;
    request.from_us = (noon_ms + from_ms) * us_per_ms;
    request.to_us = (noon_ms + to_ms) * us_per_ms;
    return plan_repair(lake_.catalog(), lake_.io(), request, (noon_ms + 30 * hour_ms) * us_per_ms);
  }
  Result<> repair(std::int64_t from_ms = 0, std::int64_t to_ms = 2 * hour_ms) {
    TL_ASSIGN(auto planned, plan(from_ms, to_ms));
    if (planned.empty()) return make_error(Errc::not_found, "there is nothing to repair");
    return commit_repair(lake_.catalog(), lake_.io(), planned);
  }
  std::string refusal(std::int64_t from_ms = 0, std::int64_t to_ms = 2 * hour_ms) {
    const auto planned = plan(from_ms, to_ms);
    if (planned) return "it is not refused";
    EXPECT_EQ(planned.error().code, Errc::invalid_argument);
    return planned.error().message;
  }
  // Trades of the minute of noon; 0: it is not there.
  std::int64_t trades(const std::string& symbol = "BTCUSDT") {
    for (const auto& row : lake_.rows(minute_interval)) {
      if (row.symbol == symbol && row.open_time_us == noon_ms * us_per_ms) return row.trades;
    }
    return 0;
  }

  SilverLake lake_;
  RepairRequest request_;
  int ids_ = 0;
};

bool tells(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

TEST_F(RepairTest, ALateTradeIsCountedInOnce) {
  make_late_trade();
  ASSERT_TRUE(repair());
  EXPECT_EQ(trades(), 2);
  EXPECT_EQ(lake_.count("late_trades"), 0);
  EXPECT_EQ(lake_.revisions("BTCUSDT"),
            (std::vector<std::string>{"1m repair 1", "5m repair 1"}));  // others are not over
  EXPECT_TRUE(plan()->empty());
}

TEST_F(RepairTest, WhatOthersChangeMeanwhileIsAConflict) {
  make_late_trade();
  auto planned = plan();
  ASSERT_TRUE(planned);
  lake_.overwrite(minute_interval, lake_.rows(minute_interval));
  const auto done = commit_repair(lake_.catalog(), lake_.io(), *planned);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict) << done.error().message;
  EXPECT_EQ(lake_.count("late_trades"), 1);
  EXPECT_EQ(lake_.count("candle_revisions"), 0);
}

TEST_F(RepairTest, APipelineThatCommitsMeanwhileFencesIt) {
  make_late_trade();
  auto planned = plan();
  ASSERT_TRUE(planned);
  send(hour_ms + second_ms);
  lake_.commit();
  const auto done = commit_repair(lake_.catalog(), lake_.io(), *planned);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::fenced) << done.error().message;
  EXPECT_EQ(trades(), 1);
}

TEST_F(RepairTest, APipelineThatRunsIsFenced) {
  make_late_trade();
  lake_.commit();
  ASSERT_TRUE(repair());
  send(second_ms * 2);
  const auto done = lake_.try_commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::fenced) << done.error().message;
  lake_.restart();
  lake_.commit();
  EXPECT_EQ(trades(), 2);
  EXPECT_EQ(lake_.count("late_trades"), 1);
}

TEST_F(RepairTest, WhatBronzeDoesNotHaveYetIsRefused) {
  make_late_trade();
  send(2 * hour_ms);
  lake_.commit();
  // Up to the grace before the newest trade of bronze it has all there is.
  EXPECT_TRUE(plan(0, 49 * minute_ms));
  const auto told = refusal(0, 50 * minute_ms);
  EXPECT_TRUE(tells(told, "2026-08-01T12:00:00.000000Z to 2026-08-01T12:50:00.000000Z")) << told;
  EXPECT_TRUE(tells(told, "is behind the candles in the log")) << told;
  EXPECT_TRUE(tells(told, "up to 2026-08-01T12:49:00.000000Z only")) << told;
  lake_.commit_bronze();
  EXPECT_TRUE(plan(0, 50 * minute_ms));
}

TEST_F(RepairTest, ATradeThatTheCandlesHaveNotReadIsLeftToThem) {
  make_late_trade();
  send(2 * second_ms);
  lake_.commit_bronze();
  ASSERT_TRUE(repair());
  EXPECT_EQ(trades(), 2);
  lake_.restart();
  lake_.commit();
  EXPECT_EQ(trades(), 2);
  EXPECT_EQ(lake_.count("late_trades"), 1);
  ASSERT_TRUE(repair());
  EXPECT_EQ(trades(), 3);
}

TEST_F(RepairTest, OffsetsOfAReplacedLogAreNotCompared) {
  make_late_trade();
  lake_.change_catalog("UPDATE tradelake_progress SET epoch = 1 WHERE pipeline = 'bronze'");
  EXPECT_TRUE(plan());
  send(2 * second_ms);
  lake_.commit_bronze();
  EXPECT_TRUE(tells(refusal(), "the log was once replaced"));
  lake_.commit();
  EXPECT_TRUE(plan());
  lake_.change_catalog("UPDATE tradelake_progress SET topic_id = 'x' WHERE pipeline = 'silver'");
  EXPECT_TRUE(tells(refusal(), "different logs"));
}

// Frames that no candle is made of are no matter of a repair, whatever has become of their log.
TEST_F(RepairTest, UnroutableFramesOfAReplacedLogDoNotHoldItUp) {
  make_late_trade();
  lake_.send_unroutable("{", noon_ms + hour_ms);
  commit();
  lake_.change_catalog(
      "UPDATE tradelake_progress SET epoch = 1 WHERE topic = 'bybit.v5.linear.unroutable'");
  EXPECT_TRUE(plan());
}

TEST_F(RepairTest, WhatRetentionCallsForIsRefused) {
  make_late_trade();
  EXPECT_TRUE(tells(refusal(-minute_ms), "from 2026-08-01T12:00:00.000000Z on only"));
  request_.bronze_retention_us = hour_ms * us_per_ms;
  EXPECT_TRUE(plan());
  send(2 * hour_ms);
  commit();
  EXPECT_TRUE(tells(refusal(), "from 2026-08-01T13:00:00.000000Z on only"));
  EXPECT_TRUE(plan(hour_ms));
  request_.bronze_retention_us = 0;
  request_.minutes_retention_us = hour_ms * us_per_ms;
  EXPECT_TRUE(plan());
  // A day later the partition of that day goes.
  send(24 * hour_ms);
  send(25 * hour_ms);
  commit();
  EXPECT_TRUE(tells(refusal(), "silver.candles_1m keeps its rows from 2026-08-02"));
}

// Nobody has its trades in memory, and whatever comes is late: within grace, too.
TEST_F(RepairTest, AMinuteOfALostWindowIsRepaired) {
  send(0);
  send(3 * minute_ms);
  commit();
  lake_.restart();
  lake_.change_catalog(
      fmt::format("UPDATE tradelake_progress SET lost_until_us = {}, replay_from = next_offset",
                  (noon_ms + 3 * minute_ms) * us_per_ms));
  send(second_ms);
  send(minute_ms);
  send(3 * minute_ms + second_ms);
  commit();
  lake_.restart();
  ASSERT_EQ(lake_.count("late_trades"), 3);
  ASSERT_TRUE(repair());
  EXPECT_EQ(trades(), 2);
  EXPECT_EQ(lake_.count("late_trades"), 0);
  // The last minute is not over; nobody else would write it.
  EXPECT_EQ(lake_.rows(minute_interval).size(), 3U);
  const auto revisions = lake_.revisions("BTCUSDT");
  lake_.commit();
  EXPECT_EQ(lake_.revisions("BTCUSDT"), revisions);
  EXPECT_TRUE(plan()->empty());
}

// Late in the partition that it came in, while the minute is in the book of its market's own.
TEST_F(RepairTest, ATradeThatIsLateInAnotherPartitionAloneStaysLate) {
  const std::vector<std::string> symbols{"ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT"};
  const auto other = std::ranges::find_if(symbols, [](const std::string& symbol) {
    return log::partition_of(symbol) != log::partition_of("BTCUSDT");
  });
  ASSERT_NE(other, symbols.end());
  send(0);
  send(minute_ms + 3 * second_ms);
  send(hour_ms, *other);
  commit();
  send(second_ms, "BTCUSDT", *other);
  commit();
  lake_.restart();
  ASSERT_EQ(lake_.count("late_trades"), 1);
  EXPECT_TRUE(plan()->empty());
  EXPECT_EQ(trades(), 1);
}

TEST_F(RepairTest, WhatIsNotOverIsLeftToThePipeline) {
  send(0);
  send(30 * second_ms);
  commit();
  lake_.restart();
  const auto planned = plan();
  ASSERT_TRUE(planned);
  EXPECT_TRUE(planned->empty());
  EXPECT_EQ(planned->left, 1);
  EXPECT_EQ(planned->left_from_us, noon_ms * us_per_ms);
}

// After an end marker there may never be a watermark again.
TEST_F(RepairTest, AtTheEndOfALogNothingIsLeft) {
  send(0);
  send(hour_ms);
  lake_.send_end_marker("BTCUSDT");
  commit();
  send(20 * minute_ms);
  commit();
  lake_.restart();
  auto hours = lake_.rows(stored_intervals[2]);
  ASSERT_EQ(hours.size(), 2U);
  hours.pop_back();
  lake_.overwrite(stored_intervals[2], hours);
  ASSERT_TRUE(repair());
  EXPECT_EQ(lake_.rows(stored_intervals[2]).size(), 2U);
  EXPECT_EQ(lake_.count("late_trades"), 0);
}

TEST_F(RepairTest, AMarketIsKnownByItsCandles) {
  make_late_trade();
  request_.markets = {{bybit::Category::linear, "BTCUSDT"}};
  EXPECT_TRUE(plan(minute_ms, 2 * minute_ms));
  request_.markets = {{bybit::Category::linear, "BTCUSDT"}, {bybit::Category::spot, "BTCUSDT"}};
  EXPECT_TRUE(tells(refusal(), "no candle at all of spot:BTCUSDT"));
}

TEST_F(RepairTest, TheHeldHoursAreThoseOfRowsThatAreLeft) {
  make_late_trade();
  auto trades = *iceberg::load_table(lake_.catalog(), lake_.io(), {"bronze", "trades"});
  const auto extent = [&] {
    return *bronze::time_extent(trades, bronze::trades_table().schema, "trade_time", lake_.io());
  };
  ASSERT_TRUE(extent());
  EXPECT_EQ(extent()->oldest_us, noon_ms * us_per_ms);
  EXPECT_EQ(extent()->newest_us, (noon_ms + hour_ms) * us_per_ms);
  EXPECT_EQ(bronze::kept_from_us(*extent(), 0, us_per_hour, INT64_MAX), noon_ms * us_per_ms);
  EXPECT_EQ(bronze::kept_from_us(*extent(), 1, us_per_hour, INT64_MAX), noon_ms * us_per_ms);
  EXPECT_EQ(bronze::kept_from_us({0, 5 * us_per_hour}, us_per_hour, us_per_hour, INT64_MAX),
            4 * us_per_hour);
  EXPECT_EQ(bronze::kept_from_us({0, 5 * us_per_hour}, us_per_hour, us_per_hour, 2 * us_per_hour),
            us_per_hour);
  // All of that hour by row deletes, as Spark and Flink write them.
  std::vector<iceberg::DataFile> deletes;
  const auto files = *iceberg::plan_files(*trades.metadata, lake_.io(), {});
  for (const auto& [file, sequence_number, none] : files) {
    if (file.partition[0] != iceberg::Value{static_cast<std::int32_t>(noon_ms / hour_ms)}) continue;
    ASSERT_EQ(file.record_count, 1);
    deletes.push_back(iceberg::position_deletes(
        lake_.io(),
        {fmt::format("file:///warehouse/deletes-{}", deletes.size()), file.spec_id, file.partition},
        {{file.path, 0}}));
  }
  ASSERT_EQ(deletes.size(), 2U);
  trades.metadata = std::make_shared<iceberg::TableMetadata>(
      iceberg::row_delta(*trades.metadata, lake_.io(), deletes));
  EXPECT_EQ(extent()->oldest_us, (noon_ms + hour_ms) * us_per_ms);
}

}  // namespace
}  // namespace tradelake::silver
