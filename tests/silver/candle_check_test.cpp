// Candles held against the exchange's own: what is a difference, and which reasons are told.
#include "silver/candle_check.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/time.h"
#include "silver/candle_repair.h"
#include "silver/silver_lake.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t first_ms = 1'785'546'000'000;  // a full hour of a day

class CandleCheckTest : public testing::Test {
 protected:
  CandleCheckTest() {
    // The exchange has told of these markets before: nothing begins with what a test looks at.
    for (const auto* symbol : {"BTCUSDT", "ETHUSDT"})
      lake_.send(SentKline{symbol, first_ms - hour_ms, "0", "0", "1"});
    lake_.send(SentKline{"BTCUSD", first_ms - hour_ms, "0", "0", "1", "inverse"});
  }

  void trade(std::int64_t after_ms, std::int64_t price, std::int64_t size, bool block = false,
             bool rpi = false, const std::string& symbol = "BTCUSDT") {
    SentTrade trade{symbol, first_ms + after_ms, price, size, true, ++ids_, ids_};
    trade.block = block;
    trade.rpi = rpi;
    lake_.send(trade);
  }
  void kline(std::int64_t minute, const std::string& volume, const std::string& turnover,
             const std::string& close, const std::string& symbol = "BTCUSDT",
             std::int64_t after_ms = 500) {
    SentKline kline{symbol, first_ms + minute * minute_ms, volume, turnover, close};
    kline.after_ms = after_ms;
    lake_.send(kline);
  }

  // Everything into the tables, whatever the watermark.
  void commit() {
    for (const auto* symbol : {"BTCUSDT", "ETHUSDT", "SOLUSDT"}) lake_.send_end_marker(symbol);
    lake_.commit_bronze();
    lake_.commit();
  }

  Result<CheckCounts> check(CheckRequest request = {}) {
    told_.clear();
    if (request.to_us == 0) {
      request.from_us = first_ms * us_per_ms;
      request.to_us = request.from_us + us_per_hour;
    }
    return check_candles(lake_.catalog(), lake_.io(), request, (first_ms + hour_ms) * us_per_ms,
                         [this](const CandleDifference& one) { told_.push_back(text_of(one)); });
  }
  CheckCounts counts(CheckRequest request = {}) {
    const auto found = check(std::move(request));
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(CheckCounts());
  }

  // "MINUTE FIELD OURS EXCHANGE DIFFERENCE: REASON, REASON"
  static std::string text_of(const CandleDifference& one) {
    const auto number = [](const std::optional<Decimal>& value) {
      return value ? to_string(*value) : "none";
    };
    auto text =
        fmt::format("{} {} {} {} {}:", (one.open_time_us / us_per_ms - first_ms) / minute_ms,
                    one.field, number(one.ours), to_string(one.exchange), number(one.difference));
    for (const auto& [name, detail] : one.reasons)
      text += fmt::format(" {}{}", name, name == "late" ? " " + detail : "");
    return text;
  }

  SilverLake lake_;
  std::vector<std::string> told_;
  int ids_ = 0;
};

using Told = std::vector<std::string>;

TEST_F(CandleCheckTest, FindsNothingWhereAllIsAsTheExchangeHasIt) {
  trade(0, 10, 2);
  trade(1'000, 11, 1);
  trade(61'000, 12, 1, true, true);
  kline(0, "3", "31", "11");
  kline(1, "1.000", "12", "12.0");
  kline(2, "0", "0", "12");  // nothing was traded: we have no candle
  trade(190'000, 12, 1);     // of this one it says nothing
  commit();
  const auto found = counts();
  EXPECT_EQ(told_, Told{});
  EXPECT_EQ(found.compared, 3);
  EXPECT_EQ(found.equal, 3);
  EXPECT_EQ(found.different, 0);
  EXPECT_EQ(found.without_kline, 1);
}

TEST_F(CandleCheckTest, TellsEachFieldThatDiffers) {
  trade(0, 10, 2);
  kline(0, "3", "30", "10");
  trade(60'000, 10, 2);
  kline(1, "2", "20", "11");
  commit();
  const auto found = counts();
  EXPECT_EQ(told_, (Told{"0 volume 2 3 -1:", "0 turnover 20 30 -10:", "1 close 10 11 -1:"}));
  EXPECT_EQ(found.different, 2);
  EXPECT_EQ(found.equal, 0);
}

TEST_F(CandleCheckTest, TakesTheNewestOfSeveralRowsOfAKline) {
  trade(0, 10, 2);
  kline(0, "2", "20", "10", "BTCUSDT", 900);
  kline(0, "1", "10", "10", "BTCUSDT", 400);
  commit();
  EXPECT_EQ(counts().equal, 1);
}

TEST_F(CandleCheckTest, SaysWhereWeHaveNoCandle) {
  trade(300'000, 10, 1);
  kline(0, "3", "30", "10");
  commit();
  const auto found = counts();
  EXPECT_EQ(told_, Told{"0 volume none 3 -3: no candle"});
  EXPECT_EQ(found.different, 1);
}

TEST_F(CandleCheckTest, LeavesToThePipelineWhatItHasNotComeTo) {
  trade(0, 10, 1);
  kline(0, "1", "10", "10");
  trade(62'500, 10, 1);  // the first minute is written, the second is not over
  kline(1, "1", "10", "10");
  lake_.commit_bronze();
  lake_.commit();
  CheckRequest request;
  request.from_us = first_ms * us_per_ms;
  request.to_us = request.from_us + us_per_hour;
  const auto found = check_candles(lake_.catalog(), lake_.io(), request,
                                   (first_ms + 63'000) * us_per_ms, [](const auto&) {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->equal, 1);
  EXPECT_EQ(found->different, 0);
  EXPECT_EQ(found->not_written, 1);
}

TEST_F(CandleCheckTest, NamesGapsOfTheMarketThatOverlap) {
  trade(0, 10, 1);
  kline(0, "2", "20", "10");
  trade(60'000, 10, 1);
  kline(1, "2", "20", "10");
  trade(0, 10, 1, false, false, "ETHUSDT");
  kline(0, "2", "20", "10", "ETHUSDT");
  lake_.send_gap("BTCUSDT", (first_ms + 59'999) * us_per_ms, (first_ms + 60'000) * us_per_ms);
  commit();
  EXPECT_EQ(counts().different, 3);
  EXPECT_EQ(told_, (Told{"0 volume 1 2 -1: gap", "0 turnover 10 20 -10: gap", "0 volume 1 2 -1:",
                         "0 turnover 10 20 -10:", "1 volume 1 2 -1:", "1 turnover 10 20 -10:"}));
}

TEST_F(CandleCheckTest, NamesGapsOfAllMarkets) {
  trade(0, 10, 1);
  kline(0, "2", "10", "10");
  lake_.send_gap("*", first_ms * us_per_ms, (first_ms + 1) * us_per_ms);
  commit();
  counts();
  EXPECT_EQ(told_, Told{"0 volume 1 2 -1: gap"});
}

TEST_F(CandleCheckTest, NamesTheVolumeOfLateTradesButNotOfTheirRepeats) {
  trade(0, 10, 1);
  trade(30 * minute_ms, 10, 1);
  const SentTrade late{"BTCUSDT", first_ms + 10'000, 10, 4, true, ++ids_, 1};
  lake_.send(late);
  lake_.send(late);
  lake_.send(SentTrade{"BTCUSDT", first_ms, 10, 1, true, 1, 1});  // is in the candle
  kline(0, "5", "50", "10");
  commit();
  counts();
  EXPECT_EQ(told_, (Told{"0 volume 1 5 -4: late 1 trade, volume 4",
                         "0 turnover 10 50 -40: late 1 trade, volume 4"}));
}

TEST_F(CandleCheckTest, NamesBlockTradesThatAccountForIt) {
  trade(0, 10, 1);
  trade(1'000, 20, 2, true);
  kline(0, "1", "10", "10");
  trade(60'000, 10, 1);
  trade(61'000, 20, 2, true);
  kline(1, "2", "20", "15");  // for this they do not
  commit();
  counts();
  EXPECT_EQ(told_, (Told{"0 volume 3 1 2: block trades", "0 turnover 50 10 40: block trades",
                         "0 close 20 10 10: block trades",
                         "1 volume 3 2 1:", "1 turnover 50 20 30:", "1 close 20 15 5:"}));
}

TEST_F(CandleCheckTest, NamesRpiTradesAndBothKinds) {
  trade(0, 10, 1);
  trade(1'000, 20, 2, false, true);
  kline(0, "1", "10", "10");
  trade(60'000, 10, 1);
  trade(61'000, 20, 2, true);
  trade(62'000, 30, 4, false, true);
  kline(1, "1", "10", "10");
  commit();
  counts();
  EXPECT_EQ(told_, (Told{"0 volume 3 1 2: rpi", "0 turnover 50 10 40: rpi", "0 close 20 10 10: rpi",
                         "1 volume 7 1 6: block trades and rpi",
                         "1 turnover 170 10 160: block trades and rpi",
                         "1 close 30 10 20: block trades and rpi"}));
}

TEST_F(CandleCheckTest, SaysWhereTheExchangeBeganToTell) {
  trade(0, 10, 1, false, false, "SOLUSDT");
  kline(0, "2", "20", "10", "SOLUSDT");
  trade(60'000, 10, 1, false, false, "SOLUSDT");
  kline(1, "2", "20", "10", "SOLUSDT");
  commit();
  counts();
  EXPECT_EQ(told_, (Told{"0 volume 1 2 -1: begin", "0 turnover 10 20 -10: begin",
                         "1 volume 1 2 -1:", "1 turnover 10 20 -10:"}));
}

TEST_F(CandleCheckTest, TakesRoundingOfInverseTurnoverForWhatItIs) {
  const auto inverse = [&](std::int64_t minute, std::int64_t size, const std::string& turnover) {
    SentTrade one{"BTCUSD", first_ms + minute * minute_ms, 30'000, size, true, ++ids_};
    one.category = "inverse";
    lake_.send(one);
    lake_.send(SentKline{"BTCUSD", first_ms + minute * minute_ms, fmt::to_string(size), turnover,
                         "30000", "inverse"});
  };
  inverse(0, 1'000, "0.03333333");  // 0.0333…
  inverse(1, 1'000, "0.03333332");
  commit();
  lake_.send_end_marker("BTCUSD");
  SentTrade later{"BTCUSD", first_ms + 20 * minute_ms, 30'000, 1, true, ++ids_};
  later.category = "inverse";
  lake_.send(later);
  lake_.commit_bronze();
  lake_.commit();
  const auto found = counts();
  EXPECT_EQ(found.rounded, 1);
  EXPECT_EQ(found.equal, 1);
  EXPECT_EQ(found.different, 1);
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(told_[0].starts_with("1 turnover 0.033333333333333333 0.03333332")) << told_[0];
}

TEST_F(CandleCheckTest, ComparesLargerCandles) {
  trade(0, 10, 1);
  trade(240'000, 11, 1);
  SentKline five{"BTCUSDT", first_ms, "2", "21", "11"};
  five.interval = "5";
  five.length_ms = 5 * minute_ms;
  lake_.send(five);
  kline(0, "7", "7", "7");
  commit();
  CheckRequest request;
  request.interval = &stored_intervals[1];
  request.from_us = first_ms * us_per_ms;
  request.to_us = request.from_us + us_per_hour;
  const auto found = counts(request);
  EXPECT_EQ(found.equal, 1);
  EXPECT_EQ(found.different, 0);
}

TEST_F(CandleCheckTest, LooksAtTheMarketsThatAreNamed) {
  trade(0, 10, 1);
  kline(0, "2", "20", "10");
  trade(0, 10, 1, false, false, "ETHUSDT");
  kline(0, "1", "10", "10", "ETHUSDT");
  commit();
  CheckRequest request;
  request.from_us = first_ms * us_per_ms;
  request.to_us = request.from_us + us_per_hour;
  request.markets = {{bybit::Category::linear, "ETHUSDT"}};
  EXPECT_EQ(counts(request).equal, 1);
  EXPECT_EQ(told_, Told{});
  request.markets = {{bybit::Category::linear, "NOSUCH"}};
  const auto found = check(request);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::invalid_argument);
  EXPECT_TRUE(found.error().message.contains("linear:NOSUCH"));
}

TEST_F(CandleCheckTest, SaysThatThereIsNothingToCheck) {
  const auto found = check();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::invalid_argument);
}

// The exchange's candles are no matter of a repair, whatever has become of their partitions.
TEST_F(CandleCheckTest, KlinesOfAnotherLogDoNotHoldUpARepair) {
  trade(0, 10, 1);
  kline(0, "1", "10", "10");
  commit();
  lake_.change_catalog(
      "UPDATE tradelake_progress SET epoch = 1 WHERE topic = 'bybit.v5.linear.kline'");
  RepairRequest request;
  request.from_us = first_ms * us_per_ms;
  request.to_us = request.from_us + us_per_minute;
  const auto plan =
      plan_repair(lake_.catalog(), lake_.io(), request, (first_ms + hour_ms) * us_per_ms);
  EXPECT_TRUE(plan) << plan.error().message;
}

}  // namespace
}  // namespace tradelake::silver
