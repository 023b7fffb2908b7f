#include "bybit/market.h"

#include <gtest/gtest.h>

#include "bybit/topic.h"

namespace tradelake::bybit {
namespace {

TEST(Markets, AreReadInTheOrderGivenAndWithoutRepeats) {
  const auto markets =
      parse_markets(" linear:BTCUSDT, spot:ETHUSDT,linear:*,linear:BTCUSDT,option:BTC");
  ASSERT_TRUE(markets) << markets.error().message;
  const std::vector<Market> expected = {{Category::linear, "BTCUSDT"},
                                        {Category::spot, "ETHUSDT"},
                                        {Category::linear, "*"},
                                        {Category::option, "BTC"}};
  EXPECT_EQ(*markets, expected);
  EXPECT_TRUE((*markets)[2].all());
  EXPECT_EQ(to_string((*markets)[1]), "spot:ETHUSDT");
}

TEST(Markets, SayWhatIsWrongAndWhatIsAllowed) {
  const auto message = [](std::string_view text) {
    const auto parsed = parse_markets(text);
    EXPECT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    return parsed.error().message;
  };
  EXPECT_NE(message("").find("empty"), std::string::npos);
  EXPECT_NE(message("BTCUSDT").find("linear:BTCUSDT"), std::string::npos);
  EXPECT_NE(message("futures:BTCUSDT").find("'futures'"), std::string::npos);
  EXPECT_NE(message("linear:").find("''"), std::string::npos);
  EXPECT_NE(message("linear:BTC/USDT").find("'BTC/USDT'"), std::string::npos);
  EXPECT_NE(message("linear:BTCUSDT,").find("''"), std::string::npos);
  EXPECT_NE(message("option:BTC-27MAR26-70000-P").find("option:BTC"), std::string::npos);
  EXPECT_NE(message("linear:" + std::string(65, 'A')).find("64"), std::string::npos);
}

TEST(Topics, NameAStreamAndAKey) {
  const auto trade = parse_topic("publicTrade.BTCUSDT-21FEB25");
  ASSERT_TRUE(trade);
  EXPECT_EQ(trade->stream, "publicTrade");
  EXPECT_EQ(trade->key, "BTCUSDT-21FEB25");
  const auto kline = parse_topic("kline.1.BTCUSDT");
  ASSERT_TRUE(kline);
  EXPECT_EQ(kline->stream, "kline.1");
  EXPECT_EQ(kline->key, "BTCUSDT");
  for (const auto bad : {"", "publicTrade", "publicTrade.", ".BTCUSDT"}) {
    EXPECT_FALSE(parse_topic(bad)) << bad;
  }
  EXPECT_EQ(trade_topic("BTC"), "publicTrade.BTC");
}

TEST(Topics, OfOptionsNameABaseCoinAndNoContract) {
  const auto coin = parse_topic("publicTrade.BTC");
  const auto contract = parse_topic("publicTrade.BTC-27MAR26-70000-P-USDT");
  EXPECT_TRUE(fits_category(*coin, Category::option));
  EXPECT_FALSE(fits_category(*contract, Category::option));
  EXPECT_TRUE(fits_category(*contract, Category::linear));
  EXPECT_EQ(base_coin_of(contract->key), "BTC");
}

}  // namespace
}  // namespace tradelake::bybit
