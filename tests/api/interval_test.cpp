#include "api/interval.h"

#include <gtest/gtest.h>

#include "api/candle_query.h"

namespace tradelake::api {
namespace {

constexpr std::int64_t monday_us = 1'723'420'800'000'000;  // 2024-08-12T00:00:00Z

TEST(Interval, HasOurNamesAndBybits) {
  EXPECT_EQ(find_interval("1h"), find_bybit_interval("60"));
  EXPECT_EQ(find_interval("1w"), find_bybit_interval("W"));
  EXPECT_EQ(find_interval("60"), nullptr);
  EXPECT_EQ(find_bybit_interval("1m"), nullptr);
  EXPECT_EQ(interval_names(), "1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 12h, 1d, 1w");
}

TEST(Interval, WeeksBeginOnMonday) {
  const auto& week = *find_interval("1w");
  EXPECT_EQ(week.floor(monday_us), monday_us);
  EXPECT_EQ(week.floor(monday_us - 1), monday_us - 7 * us_per_day);
  EXPECT_EQ(week.floor(monday_us + 7 * us_per_day - 1), monday_us);
}

TEST(Interval, CeilIsTheFirstStartAtOrAfter) {
  const auto& minute = *find_interval("1m");
  EXPECT_EQ(minute.ceil(monday_us), monday_us);
  EXPECT_EQ(minute.ceil(monday_us + 1), monday_us + us_per_minute);
  EXPECT_EQ(minute.floor(-1), -us_per_minute);
}

ServedCandle candle(std::int64_t minute, int price) {
  ServedCandle served;
  served.row.symbol = "X";
  served.row.open_time_us = monday_us + minute * us_per_minute;
  served.row.open = served.row.high = served.row.low = served.row.close = Decimal{price};
  served.row.trades = 1;
  served.closed = true;
  return served;
}

std::string shape(const std::vector<ServedCandle>& candles) {
  std::string text;
  for (const auto& [row, closed, filled] : candles) {
    text += fmt::format("{}{}{} ", (row.open_time_us - monday_us) / us_per_minute,
                        filled ? '~' : '=', static_cast<std::int64_t>(row.close.units));
  }
  return text;
}

TEST(FillGaps, GoesOnAtThePreviousClose) {
  const auto& minute = *find_interval("1m");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5), candle(3, 7)}, minute, std::nullopt, 100)),
            "0=5 1~5 2~5 3=7 ");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5), candle(3, 7)}, minute, std::nullopt, 3)),
            "1~5 2~5 3=7 ");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5)}, minute, monday_us + 3 * us_per_minute, 100)),
            "0=5 1~5 2~5 ");
  EXPECT_EQ(shape(fill_gaps({}, minute, monday_us, 100)), "");
}

TEST(FillGaps, DoesNotFillTheFuture) {
  const auto& day = *find_interval("1d");
  const auto filled = fill_gaps({candle(0, 5)}, day, now_us() + 1000 * us_per_day, 100'000);
  EXPECT_LE(filled.back().row.open_time_us, now_us());
}

TEST(FillGaps, FilledCandlesHaveNoTrades) {
  const auto filled =
      fill_gaps({candle(0, 5), candle(2, 7)}, *find_interval("1m"), std::nullopt, 100);
  EXPECT_EQ(filled[1].row.trades, 0);
  EXPECT_EQ(filled[1].row.volume, Decimal{});
  EXPECT_TRUE(filled[1].closed);
}

}  // namespace
}  // namespace tradelake::api
