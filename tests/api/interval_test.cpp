#include "api/interval.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "api/candle_query.h"
#include "silver/intervals.h"

namespace tradelake::api {
namespace {

constexpr std::int64_t monday_us = 1'723'420'800'000'000;  // 2024-08-12T00:00:00Z

constexpr std::int64_t august_us = monday_us - 11 * us_per_day;

TEST(Interval, HasOurNamesAndBybits) {
  EXPECT_EQ(find_interval("1h")->step_us, find_bybit_interval("60")->step_us);
  EXPECT_EQ(find_interval("1w")->step_us, find_bybit_interval("W")->step_us);
  EXPECT_TRUE(find_bybit_interval("M")->is_month);
  EXPECT_FALSE(find_bybit_interval("1m"));
  EXPECT_FALSE(find_bybit_interval("90m"));
  EXPECT_EQ(interval_names(),
            "1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 12h, 1d, 1w, 1M, and any other number of "
            "minutes (Nm) or hours (Nh) that divides a day");
  EXPECT_EQ(bybit_interval_names(), "1, 3, 5, 15, 30, 60, 120, 240, 360, 720, D, W, M");
}

TEST(Interval, IsAnyNumberOfMinutesOrHoursThatDividesADay) {
  EXPECT_EQ(find_interval("90m")->step_us, 90 * us_per_minute);
  EXPECT_EQ(find_interval("90m")->name, "90m");
  EXPECT_EQ(find_interval("8h")->step_us, 8 * us_per_hour);
  EXPECT_EQ(find_interval("1440m")->step_us, us_per_day);
  for (const char* name :
       {"",    "m",   "h",   "0m",   "03m",   "7m",  "5h", "2d", "60", "-1m",
        "+1m", " 1m", "1m ", "1.5h", "2880m", "48h", "1H", "2w", "2M", "99999999999999m"}) {
    EXPECT_FALSE(find_interval(name)) << name;
  }
}

TEST(Interval, IsMadeOfTheLargestStoredOneThatDividesIt) {
  const auto source = [](const char* name) {
    return std::string(silver::stored_intervals[find_interval(name)->source()].name);
  };
  const std::map<std::string, std::string> wanted{
      {"1m", "1m"},  {"3m", "1m"},  {"5m", "5m"}, {"15m", "5m"}, {"30m", "5m"},
      {"90m", "5m"}, {"1h", "1h"},  {"2h", "1h"}, {"4h", "4h"},  {"6h", "1h"},
      {"12h", "4h"}, {"24h", "1d"}, {"1d", "1d"}, {"1w", "1d"},  {"1M", "1d"}};
  for (const auto& [name, stored] : wanted) EXPECT_EQ(source(name.c_str()), stored) << name;
}

TEST(Interval, MonthsBeginOnThe1st) {
  const auto month = *find_interval("1M");
  EXPECT_EQ(month.floor(monday_us), august_us);
  EXPECT_EQ(month.floor(august_us), august_us);
  EXPECT_EQ(month.floor(august_us - 1), august_us - 31 * us_per_day);
  EXPECT_EQ(month.ceil(august_us), august_us);
  EXPECT_EQ(month.ceil(august_us + 1), august_us + 31 * us_per_day);
  EXPECT_EQ(month.previous(august_us), august_us - 31 * us_per_day);
  // February of a leap year, and a new year.
  const std::int64_t february_us = 1'706'745'600'000'000;
  EXPECT_EQ(month.next(february_us), february_us + 29 * us_per_day);
  EXPECT_EQ(month.previous(month.previous(february_us)), february_us - 62 * us_per_day);
}

TEST(Interval, WeeksBeginOnMonday) {
  const auto week = *find_interval("1w");
  EXPECT_EQ(week.floor(monday_us), monday_us);
  EXPECT_EQ(week.floor(monday_us - 1), monday_us - 7 * us_per_day);
  EXPECT_EQ(week.floor(monday_us + 7 * us_per_day - 1), monday_us);
}

TEST(Interval, CeilIsTheFirstStartAtOrAfter) {
  const auto minute = *find_interval("1m");
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
  for (const auto& [row, closed, filled, in_gap] : candles) {
    text += fmt::format("{}{}{} ", (row.open_time_us - monday_us) / us_per_minute,
                        filled ? '~' : '=', static_cast<std::int64_t>(row.close.units));
  }
  return text;
}

TEST(FillGaps, GoesOnAtThePreviousClose) {
  const auto minute = *find_interval("1m");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5), candle(3, 7)}, minute, std::nullopt, 100)),
            "0=5 1~5 2~5 3=7 ");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5), candle(3, 7)}, minute, std::nullopt, 3)),
            "1~5 2~5 3=7 ");
  EXPECT_EQ(shape(fill_gaps({candle(0, 5)}, minute, monday_us + 3 * us_per_minute, 100)),
            "0=5 1~5 2~5 ");
  EXPECT_EQ(shape(fill_gaps({}, minute, monday_us, 100)), "");
}

TEST(FillGaps, GoesFromMonthToMonth) {
  const auto month = *find_interval("1M");
  auto first = candle(0, 5), last = candle(0, 7);
  first.row.open_time_us = august_us - 62 * us_per_day;
  last.row.open_time_us = august_us + 31 * us_per_day;
  const auto filled = fill_gaps({first, last}, month, std::nullopt, 100);
  ASSERT_EQ(filled.size(), 4u);
  EXPECT_EQ(filled[1].row.open_time_us, august_us - 31 * us_per_day);
  EXPECT_EQ(filled[2].row.open_time_us, august_us);
  EXPECT_TRUE(filled[2].filled);
}

TEST(FillGaps, DoesNotFillTheFuture) {
  const auto day = *find_interval("1d");
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

std::string marked(const char* interval, std::vector<ServedCandle> candles,
                   const std::vector<std::pair<std::int64_t, std::int64_t>>& spans) {
  std::vector<silver::CoverageGap> gaps;
  for (const auto& [from_us, to_us] : spans)
    gaps.push_back({{monday_us + from_us, monday_us + to_us, "not_running"}});
  mark_gaps(candles, *find_interval(interval), gaps);
  std::string text;
  for (const auto& candle : candles) text += candle.in_gap ? 'x' : '.';
  return text;
}

TEST(MarkGaps, MarksWhatTouchesOne) {
  constexpr std::int64_t minute = us_per_minute;
  const std::vector<ServedCandle> candles{candle(0, 5), candle(1, 5), candle(2, 5), candle(5, 5)};
  EXPECT_EQ(marked("1m", candles, {}), "....");
  EXPECT_EQ(marked("1m", candles, {{minute, 2 * minute}}), ".x..");
  EXPECT_EQ(marked("1m", candles, {{minute - 1, 2 * minute + 1}}), "xxx.");
  EXPECT_EQ(marked("1m", candles, {{3 * minute, 5 * minute}}), "....");
  EXPECT_EQ(marked("1m", candles, {{-minute, 1}, {5 * minute + 1, 5 * minute + 2}}), "x..x");
  EXPECT_EQ(marked("1m", candles, {{-9 * minute, 9 * minute}}), "xxxx");
  auto month = candle(0, 5);
  month.row.open_time_us = august_us;
  EXPECT_EQ(marked("1M", {month}, {{0, 1}}), "x");
}

}  // namespace
}  // namespace tradelake::api
