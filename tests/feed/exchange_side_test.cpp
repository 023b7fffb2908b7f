#include "feed/simulator/exchange_side.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "bybit/control_frame.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

ExchangeSide side(Category category) {
  return {category, "c1", [](std::string_view topic) { return topic.find("NOPE") == topic.npos; }};
}

std::string ask(ExchangeSide& exchange, std::vector<std::string> topics) {
  return exchange.answer(bybit::subscribe_request("r1", topics), 0).text;
}

TEST(ExchangeSide, AnswersInTheShapesOfItsCategory) {
  auto spot = side(Category::spot);
  auto linear = side(Category::linear);
  auto option = side(Category::option);
  const auto ping = bybit::ping_request("p1");
  EXPECT_EQ(spot.answer(ping, 5).text,
            R"({"success":true,"ret_msg":"pong","conn_id":"c1","op":"ping"})");
  EXPECT_EQ(linear.answer(R"({"op":"ping"})", 5).text,
            R"({"success":true,"ret_msg":"pong","conn_id":"c1","req_id":"","op":"ping"})");
  EXPECT_EQ(option.answer(ping, 5).text, R"({"args":["5"],"op":"pong"})");
  EXPECT_EQ(
      ask(spot, {"publicTrade.A"}),
      R"({"success":true,"ret_msg":"subscribe","conn_id":"c1","req_id":"r1","op":"subscribe"})");
  EXPECT_EQ(ask(linear, {"publicTrade.A"}),
            R"({"success":true,"ret_msg":"","conn_id":"c1","req_id":"r1","op":"subscribe"})");
  EXPECT_EQ(
      ask(option, {"publicTrade.BTC", "publicTrade.NOPE"}),
      R"({"success":false,"conn_id":"c1","data":{"failTopics":["publicTrade.NOPE"],"successTopics":["publicTrade.BTC"]},"type":"COMMAND_RESP"})");
  EXPECT_TRUE(option.subscribed("publicTrade.BTC"));
}

TEST(ExchangeSide, OneBadTopicRefusesTheWholeRequest) {
  auto linear = side(Category::linear);
  EXPECT_EQ(
      ask(linear, {"publicTrade.A", "publicTrade.NOPE"}),
      R"({"success":false,"ret_msg":"error:handler not found,topic:publicTrade.NOPE","conn_id":"c1","req_id":"r1","op":"subscribe"})");
  EXPECT_FALSE(linear.subscribed("publicTrade.A"));
  ask(linear, {"publicTrade.A"});
  EXPECT_NE(ask(linear, {"publicTrade.A", "publicTrade.B"})
                .find("already subscribed,topic:publicTrade.A"),
            std::string::npos);
  EXPECT_FALSE(linear.subscribed("publicTrade.B"));
  auto spot = side(Category::spot);
  EXPECT_NE(ask(spot, {"publicTrade.NOPE"}).find("Invalid symbol :[publicTrade.NOPE]"),
            std::string::npos);
}

TEST(ExchangeSide, KeepsTheLimits) {
  std::vector<std::string> eleven(11);
  for (int i = 0; i < 11; ++i) eleven[i] = fmt::format("publicTrade.S{}", i);
  auto spot = side(Category::spot);
  EXPECT_NE(ask(spot, eleven).find("args size >10"), std::string::npos);
  std::vector<std::string> many(2'100);
  for (int i = 0; i < 2'100; ++i) many[i] = fmt::format("publicTrade.SYM{}", i);
  auto linear = side(Category::linear);
  EXPECT_NE(ask(linear, many).find("\"success\":false"), std::string::npos);
  auto option = side(Category::option);
  EXPECT_NE(ask(option, many).find("publicTrade.SYM2000\""), std::string::npos);
  EXPECT_EQ(option.topics(), 2'000u);
}

TEST(ExchangeSide, SurvivesWhateverAClientSends) {
  auto linear = side(Category::linear);
  for (const auto text : {"", "{", "[]", R"({"op":7})", R"({"op":"subscribe"})",
                          R"({"op":"subscribe","args":[1]})", R"({"op":"fly","args":["\"\\"]})"}) {
    const auto answer = linear.answer(text, 0).text;
    const auto parsed = bybit::parse_control_frame(answer);
    ASSERT_TRUE(parsed) << answer;
    EXPECT_FALSE(parsed->success);
    EXPECT_NE(answer.find("Failed to decode incoming data:"), std::string::npos);
  }
}

}  // namespace
}  // namespace tradelake::feed
