#include "silver/candle.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/time.h"
#include "silver/candle_row.h"

namespace tradelake::silver {
namespace {

using bronze::Side;
using bybit::Category;

Decimal dec(std::string_view text) {
  return *parse_decimal(text);
}

struct OwnedTrade {
  std::int64_t time_us, seq;
  Side side;
  Decimal price, size;
  std::string id;
  CandleTrade view() const { return {time_us, seq, side, price, size, id}; }
};

Candle candle_of(Category category, const std::vector<OwnedTrade>& trades) {
  Candle candle;
  for (const auto& trade : trades) candle.add(category, trade.view());
  return candle;
}

TEST(Candle, OrdersTradesByTimeThenSeqThenSideThenSweepThenId) {
  const auto open_close = [](std::vector<OwnedTrade> trades) {
    const auto candle = candle_of(Category::linear, trades);
    return to_string(candle.first.price) + " " + to_string(candle.last.price);
  };
  EXPECT_EQ(open_close({{2, 0, Side::buy, dec("1"), dec("1"), "a"},
                        {1, 9, Side::buy, dec("2"), dec("1"), "b"}}),
            "2 1");
  EXPECT_EQ(open_close({{1, 2, Side::buy, dec("1"), dec("1"), "a"},
                        {1, 1, Side::buy, dec("2"), dec("1"), "b"}}),
            "2 1");
  EXPECT_EQ(open_close({{1, 1, Side::sell, dec("1"), dec("1"), "a"},
                        {1, 1, Side::buy, dec("2"), dec("1"), "b"}}),
            "2 1");
  EXPECT_EQ(open_close({{1, 1, Side::buy, dec("2"), dec("1"), "a"},
                        {1, 1, Side::buy, dec("1"), dec("1"), "b"}}),
            "1 2");
  EXPECT_EQ(open_close({{1, 1, Side::sell, dec("1"), dec("1"), "a"},
                        {1, 1, Side::sell, dec("2"), dec("1"), "b"}}),
            "2 1");
}

TEST(Candle, TurnoverOfAnInverseContractIsInBaseCoin) {
  const auto candle = candle_of(Category::inverse, {{1, 0, Side::buy, dec("3"), dec("2"), "a"}});
  EXPECT_EQ(to_string(*candle.turnover.value()), "0.666666666666666667");
}

TEST(Candle, ASumThatLeavesTheTypeIsNullWhateverTheOrder) {
  const OwnedTrade huge{1, 0, Side::buy, dec("0.000000000000000001"), dec("99"), "a"};
  const OwnedTrade small{2, 0, Side::buy, dec("1"), dec("1"), "b"};
  for (const auto& trades : {std::vector{huge, huge, small}, std::vector{small, huge, huge}}) {
    const auto candle = candle_of(Category::inverse, trades);
    EXPECT_FALSE(candle.turnover.value());
    EXPECT_EQ(to_string(*candle.volume.value()), "199");
    EXPECT_EQ(to_string(candle.high), "1");
  }
}

OwnedTrade any_trade() {
  return {*rc::gen::inRange<std::int64_t>(0, 5),
          *rc::gen::inRange<std::int64_t>(0, 3),
          *rc::gen::element(Side::buy, Side::sell),
          Decimal{*rc::gen::inRange<std::int64_t>(1, 1'000'000)},
          Decimal{*rc::gen::inRange<std::int64_t>(1, 1'000'000)},
          std::to_string(*rc::gen::inRange(0, 1'000'000))};
}

RC_GTEST_PROP(CandleProperty, AnyOrderAndAnySplitGivesTheSameCandle, ()) {
  std::vector<OwnedTrade> trades;
  for (int i = *rc::gen::inRange(1, 30); i > 0; --i) trades.push_back(any_trade());
  const auto category = *rc::gen::element(Category::linear, Category::inverse);
  const auto expected = to_row(category, "X", 0, candle_of(category, trades));
  std::shuffle(trades.begin(), trades.end(), std::mt19937(*rc::gen::inRange(0, 1'000'000)));
  const auto cut =
      static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, trades.size() + 1));
  auto left = candle_of(category, {trades.begin(), trades.begin() + cut});
  auto right = candle_of(category, {trades.begin() + cut, trades.end()});
  const bool swapped = *rc::gen::arbitrary<bool>();
  if (swapped) std::swap(left, right);
  left.merge(right);
  RC_ASSERT(to_row(category, "X", 0, left).same_candle(expected));
}

TEST(MergeRows, MakesLargerCandlesFromTheirMinutes) {
  std::vector<CandleRow> rows;
  for (int minute : {0, 1, 4, 5, 11}) {
    auto row = to_row(Category::linear, "X", minute * us_per_minute,
                      candle_of(Category::linear, {{minute * us_per_minute, 0, Side::buy,
                                                    Decimal{minute + 1}, dec("1"), "a"}}));
    row.revision = minute;
    rows.push_back(row);
  }
  const auto merged = merge_rows(rows, 5 * us_per_minute);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].open.units, 1);
  EXPECT_EQ(merged[0].close.units, 5);
  EXPECT_EQ(merged[0].trades, 3);
  EXPECT_EQ(to_string(*merged[0].volume), "3");
  EXPECT_EQ(merged[0].revision, 4);
  EXPECT_EQ(merged[1].open_time_us, 5 * us_per_minute);
  EXPECT_EQ(merged[2].open_time_us, 10 * us_per_minute);
}

}  // namespace
}  // namespace tradelake::silver
