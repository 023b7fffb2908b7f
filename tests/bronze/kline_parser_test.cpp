// What is taken of a kline frame, and what is said of one that cannot be read.
#include "bronze/kline_parser.h"

#include <gtest/gtest.h>

#include <random>

#include <fmt/format.h>

#include "core/json_text.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t recv_ns = 1'786'310'820'549'926'000;
// As the exchange sent it at the end of a minute: the closed one, and the next.
const std::string real =
    R"({"topic":"kline.1.BTCUSDT","data":[{"start":1786310760000,"end":1786310819999,"interval":"1","open":"65119.9","close":"65114.2","high":"65119.9","low":"65114.2","volume":"3.712","turnover":"241712.1394","confirm":true,"timestamp":1786310820441},{"start":1786310820000,"end":1786310879999,"interval":"1","open":"65114.2","close":"65114.2","high":"65114.2","low":"65114.2","volume":"0","turnover":"0","confirm":false,"timestamp":1786310820441}],"ts":1786310820441,"type":"snapshot"})";

std::string with(std::string text, std::string_view old, std::string_view now) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), now);
}

std::vector<std::string> reasons(const std::string& text, std::string_view category = "linear") {
  KlineParser parser;
  std::vector<std::string> found;
  for (const auto& bad : parser.parse(text, category, recv_ns).unreadable)
    found.push_back(fmt::format("{} {}", to_string(bad.reason), bad.index));
  return found;
}

TEST(KlineParser, TakesTheClosedCandleAndCountsTheOpenOne) {
  KlineParser parser;
  const auto& frame = parser.parse(real, "linear", recv_ns);
  EXPECT_EQ(frame.category, bybit::Category::linear);
  EXPECT_EQ(frame.interval, "1");
  EXPECT_EQ(frame.symbol, "BTCUSDT");
  EXPECT_EQ(frame.open, 1);
  EXPECT_TRUE(frame.unreadable.empty());
  ASSERT_EQ(frame.closed.size(), 1u);
  const auto& kline = frame.closed[0];
  EXPECT_EQ(format_us(kline.open_time_us), "2026-08-09T21:26:00.000000Z");
  EXPECT_EQ(format_us(kline.close_time_us), "2026-08-09T21:27:00.000000Z");
  EXPECT_EQ(kline.last_minute_us(), kline.open_time_us);
  EXPECT_EQ(format_us(kline.pushed_us), "2026-08-09T21:27:00.441000Z");
  EXPECT_EQ(to_string(kline.open), "65119.9");
  EXPECT_EQ(to_string(kline.high), "65119.9");
  EXPECT_EQ(to_string(kline.low), "65114.2");
  EXPECT_EQ(to_string(kline.close), "65114.2");
  EXPECT_EQ(to_string(kline.volume), "3.712");
  EXPECT_EQ(to_string(kline.turnover), "241712.1394");
  EXPECT_EQ(kline.index, 0);
}

TEST(KlineParser, OfDuplicateKeysTakesTheLast) {
  KlineParser parser;
  const auto text =
      with(real, R"("confirm":true)", R"("confirm":false,"close":"7","confirm":true)");
  const auto& frame = parser.parse(text, "linear", recv_ns);
  ASSERT_EQ(frame.closed.size(), 1u);
  EXPECT_EQ(to_string(frame.closed[0].close), "7");
}

TEST(KlineParser, TakesSumsUpToTheTypesEnd) {
  KlineParser parser;
  const std::string most = "99999999999999999999.999999999999999999";
  const auto& frame = parser.parse(with(real, R"("volume":"3.712")", R"("volume":")" + most + '"'),
                                   "spot", recv_ns);
  ASSERT_EQ(frame.closed.size(), 1u);
  EXPECT_EQ(to_string(frame.closed[0].volume), most);
}

TEST(KlineParser, SaysWhichCheckFailedFirst) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {R"("confirm":true)", R"("confirmed":true)", "missing_field 0"},
      {R"("confirm":true)", R"("confirm":"true")", "wrong_type 0"},
      {R"("close":"65114.2",)", "", "missing_field 0"},
      {R"("close":"65114.2")", R"("close":65114.2)", "wrong_type 0"},
      {R"("close":"65114.2")", R"("close":"-1")", "bad_number 0"},
      {R"("close":"65114.2")", R"("close":"10000000000000000")", "out_of_range 0"},
      {R"("volume":"3.712")", R"("volume":"100000000000000000000")", "out_of_range 0"},
      {R"("volume":"3.712")", R"("volume":"0.0000000000000000001")", "out_of_range 0"},
      {R"("start":1786310760000)", R"("start":null)", "wrong_type 0"},
      {R"("start":1786310760000)", R"("start":1786310760000.5)", "bad_time 0"},
      {R"("start":1786310760000)", R"("start":1)", "bad_time 0"},
      {R"("start":1786310760000)", R"("start":1786310820000)", "bad_time 0"},
      {R"("end":1786310819999)", R"("end":1786310880550)", "time_in_future 0"},
      {R"("timestamp":1786310820441)", R"("timestamp":"soon")", "bad_time 0"},
      {R"({"start":1786310760000)", R"(7,{"start":1786310760000)", "wrong_type 0"},
      {R"(,"type":"snapshot"})", "", "not_json -1"},
      {R"("topic":)", R"("tropic":)", "no_topic -1"},
      {"kline.1.BTCUSDT", "kline.BTCUSDT", "unroutable -1"},
      {R"("data":)", R"("dato":)", "no_data -1"},
      {"BTCUSDT", "\xff", "not_utf8 -1"},
  };
  for (const auto& [old, now, reason] : cases)
    EXPECT_EQ(reasons(with(real, old, now)), std::vector<std::string>{reason}) << old << now;
  EXPECT_EQ(reasons(with(real, "BTCUSDT", std::string(129, 'A'))),
            std::vector<std::string>{"out_of_range -1"});
  for (const auto* category : {"option", "spread", ""})
    EXPECT_EQ(reasons(real, category), std::vector<std::string>{"category_mismatch -1"});
}

TEST(KlineParser, LeavesTheOtherCandlesOfAFrameWithABadOne) {
  KlineParser parser;
  const auto at = real.find('{', 1), end = real.find('}') + 1;
  const auto element = real.substr(at, end - at);
  const auto text = with(real, element, element + "," + with(element, "65114.2", "x"));
  const auto& frame = parser.parse(text, "linear", recv_ns);
  EXPECT_EQ(frame.closed.size(), 1u);
  ASSERT_EQ(frame.unreadable.size(), 1u);
  EXPECT_EQ(frame.unreadable[0].index, 1);
}

// Whatever is done to a frame: no crash, and nothing taken of what is not JSON as a whole.
TEST(KlineParser, JudgesAnyMutationOfAFrameWhole) {
  constexpr int mutations = 40'000;
  std::mt19937_64 random(7);
  KlineParser parser;
  int taken = 0, refused = 0;
  for (int n = 0; n < mutations; ++n) {
    auto text = real;
    for (auto times = 1 + random() % 3; times > 0; --times) {
      const auto at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 40);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
        default:
          text.resize(at + 1);
      }
      if (text.empty()) text = "x";
    }
    const auto& frame = parser.parse(text, "linear", recv_ns);
    taken += !frame.closed.empty();
    refused += !frame.unreadable.empty();
    if (!is_json(text)) {
      ASSERT_TRUE(frame.closed.empty()) << text;
      ASSERT_EQ(frame.open, 0) << text;
      ASSERT_EQ(frame.unreadable.size(), 1u) << text;
    }
    for (const auto& kline : frame.closed) {
      ASSERT_LT(kline.open_time_us, kline.close_time_us);
      ASSERT_LE(kline.close_time_us, recv_ns / 1000 + us_per_minute + us_per_ms);
    }
  }
  EXPECT_GT(taken, mutations / 100);
  EXPECT_GT(refused, mutations / 10);
}

}  // namespace
}  // namespace tradelake::bronze
