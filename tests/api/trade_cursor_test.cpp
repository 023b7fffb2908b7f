#include "api/trade_query.h"

#include <gtest/gtest.h>

namespace tradelake::api {
namespace {

using bronze::Side;

TradeKey key(std::int64_t time_us, std::int64_t seq, Side side, std::int64_t price,
             std::string id) {
  return {time_us, seq, side, side == Side::buy ? price : -price, std::move(id)};
}

TEST(TradeKey, SweepsPricesInTheTakersDirection) {
  EXPECT_LT(key(1, 5, Side::buy, 10, "b"), key(1, 5, Side::buy, 11, "a"));
  EXPECT_LT(key(1, 5, Side::sell, 11, "b"), key(1, 5, Side::sell, 10, "a"));
  EXPECT_LT(key(1, 5, Side::buy, 99, ""), key(1, 5, Side::sell, 1, ""));
  EXPECT_LT(key(1, 9, Side::sell, 1, ""), key(2, 0, Side::buy, 1, ""));
}

TEST(Cursor, ComesBackAsItWas) {
  for (const auto& original : {key(1'723'161'255'342'000, 77, Side::sell, 61'837, "a|b|\x01é"),
                               key(0, 0, Side::buy, 1, ""), key(5, INT64_MIN, Side::buy, 0, "")}) {
    EXPECT_EQ(decode_cursor(encode_cursor(original)), original);
  }
}

TEST(Cursor, RefusesWhatItDidNotMake) {
  for (const auto* text :
       {"", "0", "zz", "41", "317C317C4275797C3178", "317C317C4D61796265 7C317C"}) {
    EXPECT_FALSE(decode_cursor(text)) << text;
  }
}

}  // namespace
}  // namespace tradelake::api
