// Where frames belong by their topic.
#include "bybit/route.h"

#include <gtest/gtest.h>

#include "bybit/topic.h"

namespace tradelake::bybit {
namespace {

RouteKind kind_of(std::string_view text) {
  return Router().route(text).kind;
}

TEST(Router, SendsCandlesOfTheExchangeByTheirSymbol) {
  Router router;
  const auto linear = router.route(R"({"topic":"kline.1.BTCUSDT","data":[]})");
  EXPECT_EQ(linear.kind, RouteKind::kline);
  EXPECT_EQ(linear.symbol, "BTCUSDT");
  const auto spot = router.route(R"({"type":"snapshot","topic":"kline.D.ETH-USD","data":[]})");
  EXPECT_EQ(spot.kind, RouteKind::kline);
  EXPECT_EQ(spot.symbol, "ETH-USD");
  // Of duplicate keys the last counts.
  EXPECT_EQ(kind_of(R"({"topic":"kline.1.A","topic":"tickers.A"})"), RouteKind::skipped);
}

TEST(Router, LeavesOtherStreamsAsTheyWere) {
  EXPECT_EQ(kind_of(R"({"topic":"publicTrade.BTCUSDT"})"), RouteKind::trade);
  for (const auto* topic : {"tickers.BTCUSDT", "kline", "kline.", "kline.1", "kline.1.", "kline..A",
                            "kline.1.A.B", "klines.1.A", "kline_lt.1.A"}) {
    EXPECT_EQ(kind_of(std::string(R"({"topic":")") + topic + R"("})"), RouteKind::skipped) << topic;
  }
  EXPECT_EQ(kind_of(R"({"topic":"kline.1.A")"), RouteKind::unroutable) << "not JSON";
}

TEST(Topic, TakesAKlineTopicApart) {
  const auto text = minute_kline_topic("BTCUSDT");
  const auto topic = parse_kline_topic(text);
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->interval, "1");
  EXPECT_EQ(topic->symbol, "BTCUSDT");
}

}  // namespace
}  // namespace tradelake::bybit
