#include "silver/watermark.h"

#include <gtest/gtest.h>

#include "core/time.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t now = 1'000 * us_per_minute;

TEST(Watermarks, TrailTheGreatestTradeTimeByTwoSeconds) {
  EXPECT_EQ(watermarks({{now, false}}, true, now).at(0), now - 2 * us_per_second);
  EXPECT_EQ(watermarks({{std::nullopt, false}}, true, now).at(0), INT64_MIN);
}

TEST(Watermarks, AnIdlePartitionFollowsTheSlowestBusyOneAndHoldsNobodyBack) {
  const auto result = watermarks(
      {{now - us_per_hour, true}, {now, false}, {now - us_per_minute, false}}, true, now);
  EXPECT_EQ(result[0], now - us_per_minute - 2 * us_per_second);
  EXPECT_EQ(result[1], now - 2 * us_per_second);
  const auto ahead = watermarks({{now, true}, {now - us_per_minute, false}}, true, now);
  EXPECT_EQ(ahead[0], now - 2 * us_per_second);
}

TEST(Watermarks, IfAllAreIdleTheClockMovesLiveSourcesOnly) {
  EXPECT_EQ(watermarks({{now - us_per_hour, true}}, true, now).at(0), now - 7 * us_per_second);
  EXPECT_EQ(watermarks({{now - us_per_hour, true}}, false, now).at(0),
            now - us_per_hour - 2 * us_per_second);
}

}  // namespace
}  // namespace tradelake::silver
