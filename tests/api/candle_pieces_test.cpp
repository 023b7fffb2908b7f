#include "api/candle_pieces.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "silver/intervals.h"

namespace tradelake::api {
namespace {

using silver::CandleRow;

constexpr std::int64_t month_us = 1'722'470'400'000'000;  // 2024-08-01T00:00:00Z, a Thursday

CandleRow minute_row(std::int64_t minute, std::int64_t trades, int price) {
  CandleRow row;
  row.symbol = "X";
  row.open_time_us = month_us + minute * us_per_minute;
  row.open = row.close = Decimal{price};
  row.low = Decimal{price - 1};
  row.high = Decimal{price + static_cast<int>(trades)};
  row.volume = row.turnover = row.buy_volume = row.buy_turnover = Decimal{trades * price};
  row.trades = trades;
  row.first_trade_time_us = row.open_time_us + 1;
  row.last_trade_time_us = row.open_time_us + 2;
  return row;
}

std::vector<CandleRow> merged(const std::vector<CandleRow>& rows, const Interval& interval) {
  return silver::merge_rows(rows, [&](std::int64_t time_us) { return interval.floor(time_us); });
}

// Newest first, as files and the book are read.
template <class Add>
void feed(std::vector<CandleRow> rows, const Add& add) {
  std::ranges::reverse(rows);
  for (auto& row : rows) add(std::move(row));
}

constexpr const char* names[] = {"1m", "3m", "5m",  "15m", "90m", "1h", "2h",
                                 "4h", "6h", "12h", "1d",  "1w",  "1M"};

struct World {
  std::vector<CandleRow> truth;   // the minutes as they are
  std::vector<CandleRow> stored;  // in the table, some behind the book
  std::vector<CandleRow> larger;  // merges of what is stored
  std::vector<CandleRow> live;
};

// Minutes around the begin of a week, a day and a month; larger rows are there or not, as after an
// upgrade or before their last minute is past; the book has the last minutes, and maybe more
// trades.
World any_world(const Interval& interval) {
  World world;
  const int step = *rc::gen::element(2, 7, 30, 240);
  const int days = *rc::gen::element(1, 2, 9);
  const std::int64_t first = *rc::gen::element<std::int64_t>(-2'880, 4 * 1440 - 100, 30 * 1440);
  const std::int64_t last = first + days * 1440;
  const std::int64_t book_begins = last - *rc::gen::element(0, 10, 600, 3'000);
  const std::int64_t table_ends = last - *rc::gen::element(0, 1, 5, 100);
  std::uint64_t random = *rc::gen::arbitrary<std::uint64_t>() | 1;
  const auto below = [&](std::uint64_t end) {
    random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    return static_cast<std::int64_t>((random >> 33) % end);
  };
  for (std::int64_t at = first; at < last; at += 1 + below(static_cast<std::uint64_t>(step))) {
    auto row = minute_row(at, 1 + below(9), static_cast<int>(100 + below(50)));
    world.truth.push_back(row);
    const bool in_book = at >= book_begins;
    if (in_book) world.live.push_back(row);
    if (at >= table_ends) {
      if (!in_book) world.truth.pop_back();
      continue;
    }
    if (in_book && row.trades > 1 && below(2) == 0) row.trades -= 1;  // to be revised
    world.stored.push_back(row);
  }
  const auto& source = silver::stored_intervals[interval.source()];
  if (source.step_us == us_per_minute) return world;
  for (auto& row : silver::merge_rows(world.stored, source.step_us)) {
    if (below(5) > 0) world.larger.push_back(std::move(row));
  }
  return world;
}

std::vector<ServedCandle> answer(const World& world, const Interval& interval, std::size_t limit) {
  CandlePieces pieces(interval, limit);
  feed(world.live, [&](CandleRow row) { pieces.add_live(std::move(row)); });
  feed(world.larger, [&](CandleRow row) { pieces.add_larger(std::move(row)); });
  feed(world.stored, [&](CandleRow row) {
    // What a reader that asks these would not read must change nothing.
    if (pieces.settled(row.open_time_us) || pieces.covered(row.open_time_us, row.open_time_us))
      return;
    pieces.add_stored(std::move(row));
  });
  return pieces.merge(world.stored.empty() ? INT64_MIN
                                           : world.stored.back().open_time_us + us_per_minute);
}

RC_GTEST_PROP(CandlePieces, AreTheMergeOfTheirMinutes, ()) {
  const auto interval = *find_interval(
      *rc::gen::elementOf(std::vector<std::string>(std::begin(names), std::end(names))));
  const auto world = any_world(interval);
  auto wanted = merged(world.truth, interval);
  const auto limit = *rc::gen::element<std::size_t>(1, 2, 7, 100'000);
  if (wanted.size() > limit)
    wanted.erase(wanted.begin(), wanted.end() - static_cast<std::ptrdiff_t>(limit));
  const auto found = answer(world, interval, limit);
  RC_ASSERT(found.size() == wanted.size());
  for (std::size_t n = 0; n < found.size(); ++n) RC_ASSERT(found[n].row.same_candle(wanted[n]));
}

TEST(CandlePieces, AreClosedWhenAllIsInTheTableAndItsTimeIsOver) {
  const auto interval = *find_interval("10m");
  World world;
  for (const int minute : {0, 3, 7, 11, 14}) world.stored.push_back(minute_row(minute, 2, 100));
  world.larger = silver::merge_rows({world.stored.data(), 2}, 5 * us_per_minute);
  auto found = answer(world, interval, 10);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].closed);
  EXPECT_FALSE(found[1].closed);  // the table ends before
  world.live = {minute_row(4, 1, 90)};
  found = answer(world, interval, 10);
  EXPECT_FALSE(found[0].closed);  // a minute is in the book alone
  EXPECT_EQ(found[0].row.trades, 7);
}

TEST(CandlePieces, AMinuteThatIsGoneFromTheTableStaysInTheLargerRow) {
  const auto interval = *find_interval("15m");
  World world;
  for (const int minute : {0, 1, 2}) world.stored.push_back(minute_row(minute, 2, 100));
  world.larger = silver::merge_rows(world.stored, 5 * us_per_minute);
  // Retention took the minutes; the book still has one of them.
  world.live = {world.stored[2]};
  world.stored.clear();
  const auto found = answer(world, interval, 10);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].row.trades, 6);
}

TEST(CandlePieces, TellTheGreatestRevision) {
  const auto interval = *find_interval("5m");
  World world;
  world.stored = {minute_row(0, 2, 100)};
  world.larger = silver::merge_rows(world.stored, 5 * us_per_minute);
  world.larger[0].revision = 3;
  EXPECT_EQ(answer(world, interval, 10)[0].row.revision, 3);
  world.live = world.stored;
  EXPECT_EQ(answer(world, interval, 10)[0].row.revision, 3);
}

TEST(CandlePieces, MinutesUnderLargerRowsNeedNotBeRead) {
  const auto interval = *find_interval("1h");
  CandlePieces pieces(interval, 100);
  pieces.add_live(minute_row(120, 1, 100));
  for (const int hour : {2, 1, 0}) {
    auto row = minute_row(hour * 60, 5, 100);
    pieces.add_larger(row);
  }
  const auto at = [](std::int64_t minute) { return month_us + minute * us_per_minute; };
  EXPECT_TRUE(pieces.covered(at(0), at(119)));
  EXPECT_FALSE(pieces.covered(at(0), at(120)));
  EXPECT_FALSE(pieces.covered(at(-1), at(119)));
  EXPECT_FALSE(pieces.covered(INT64_MIN, at(119)));
}

}  // namespace
}  // namespace tradelake::api
