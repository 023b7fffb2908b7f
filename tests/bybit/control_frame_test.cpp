#include "bybit/control_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "bybit/backoff.h"
#include "bybit/rest_shapes.h"

namespace tradelake::bybit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ControlFrames, ThePongsOfAllCategoriesAreRecognised) {
  for (const auto text : {
           R"({"success":true,"ret_msg":"pong","conn_id":"c","op":"ping"})",
           R"({"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"})",
           R"({"args":["1672916271846"],"op":"pong"})",
       }) {
    const auto frame = parse_control_frame(text);
    ASSERT_TRUE(frame) << text;
    EXPECT_EQ(frame->kind, ControlKind::pong) << text;
  }
}

TEST(ControlFrames, TheAcknowledgementsOfAllCategoriesAreRecognised) {
  const auto spot = parse_control_frame(
      R"({"success":true,"ret_msg":"subscribe","conn_id":"c","req_id":"r1","op":"subscribe"})");
  ASSERT_TRUE(spot);
  EXPECT_EQ(spot->kind, ControlKind::subscribed);
  EXPECT_TRUE(spot->success);
  EXPECT_EQ(spot->req_id, "r1");

  const auto linear = parse_control_frame(
      R"({"success":true,"ret_msg":"","conn_id":"d8bu-j6akw","req_id":"","op":"subscribe"})");
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->kind, ControlKind::subscribed);
  EXPECT_EQ(linear->req_id, "");

  const auto option = parse_control_frame(
      R"({"success":true,"conn_id":"c","data":{"failTopics":["publicTrade.X"],"successTopics":["publicTrade.BTC"]},"type":"COMMAND_RESP"})");
  ASSERT_TRUE(option);
  EXPECT_EQ(option->kind, ControlKind::subscribed);
  EXPECT_THAT(option->success_topics, ElementsAre("publicTrade.BTC"));
  EXPECT_THAT(option->fail_topics, ElementsAre("publicTrade.X"));
}

TEST(ControlFrames, AnErrorThatBelongsToNoRequestIsNoAcknowledgement) {
  const auto frame = parse_control_frame(
      R"({"success":false,"ret_msg":"Failed to decode incoming data:x","conn_id":"c","req_id":"","op":""})");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->kind, ControlKind::other);
  EXPECT_FALSE(frame->success);
}

TEST(ControlFrames, MarketDataAndGarbageAreLeftToTheLog) {
  for (const auto text : {
           R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]})",
           R"({"id":"publicTrade.BTC-3-1","topic":"publicTrade.BTC","op":"x","data":[]})",
           R"({"op":"x","topic":null})",
           R"({"success":true,"ret_msg":"pong")",
           R"({"op":"ping"} trailing)",
           R"({"data":[]})",
           "[1,2]",
           "null",
           "op",
           "",
           "\xff\xfe",
       }) {
    EXPECT_FALSE(parse_control_frame(text)) << text;
  }
}

TEST(ControlFrames, ARefusalThatQuotesATopicIsStillAControlFrame) {
  EXPECT_TRUE(parse_control_frame(
      R"({"success":false,"ret_msg":"bad {\"topic\":\"x\"}","conn_id":"c","op":"subscribe"})"));
}

TEST(Refusals, NameTheirTopics) {
  const auto unknown = parse_refusal("error:handler not found,topic:publicTrade.NOTASYMBOL");
  EXPECT_THAT(unknown.topics, ElementsAre("publicTrade.NOTASYMBOL"));
  EXPECT_FALSE(unknown.already_subscribed);
  const auto twice = parse_refusal("error:already subscribed,topic:publicTrade.BTCUSDT");
  EXPECT_THAT(twice.topics, ElementsAre("publicTrade.BTCUSDT"));
  EXPECT_TRUE(twice.already_subscribed);
  EXPECT_THAT(parse_refusal("Invalid symbol :[publicTrade.NOPEUSDT]").topics,
              ElementsAre("publicTrade.NOPEUSDT"));
  EXPECT_THAT(parse_refusal("Invalid symbol :[publicTrade.A, publicTrade.B]").topics,
              ElementsAre("publicTrade.A", "publicTrade.B"));
  EXPECT_THAT(parse_refusal("args size >10").topics, IsEmpty());
  EXPECT_THAT(parse_refusal("").topics, IsEmpty());
}

TEST(Requests, AreWrittenAsTheExchangeReadsThem) {
  EXPECT_EQ(ping_request("p7"), R"({"req_id":"p7","op":"ping"})");
  const std::vector<std::string> topics = {"publicTrade.BTCUSDT", "publicTrade.ETHUSDT"};
  EXPECT_EQ(
      subscribe_request("r1", topics),
      R"({"req_id":"r1","op":"subscribe","args":["publicTrade.BTCUSDT","publicTrade.ETHUSDT"]})");
}

TEST(Backoff, GrowsToItsLimitAndAddsJitter) {
  using std::chrono::milliseconds;
  const BackoffPolicy policy;
  EXPECT_EQ(backoff_delay(policy, 0, 0), milliseconds(500));
  EXPECT_EQ(backoff_delay(policy, 1, 0), milliseconds(750));
  EXPECT_EQ(backoff_delay(policy, 2, 0), milliseconds(1125));
  EXPECT_EQ(backoff_delay(policy, 40, 0), milliseconds(5000));
  EXPECT_EQ(backoff_delay(policy, 100'000, 0.999), milliseconds(5249));
}

TEST(RestShapes, PagesEndWithAnEmptyNullOrMissingCursor) {
  const auto page = parse_instruments_page(
      R"({"retCode":0,"retMsg":"OK","result":{"category":"linear","nextPageCursor":"first%3DX","list":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","status":"Trading","priceFilter":{"tickSize":"0.10"}}]},"retExtInfo":{},"time":1})");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->instruments.size(), 1u);
  EXPECT_EQ(page->instruments[0].symbol, "BTCUSDT");
  EXPECT_EQ(page->instruments[0].tick_size, "0.10");
  EXPECT_EQ(page->next_cursor, "first%3DX");
  for (const auto cursor : {R"("nextPageCursor":"",)", R"("nextPageCursor":null,)", ""}) {
    const auto last =
        parse_instruments_page(std::string(R"({"retCode":0,"retMsg":"OK","result":{)") + cursor +
                               R"("list":[]},"time":1})");
    ASSERT_TRUE(last) << cursor;
    EXPECT_EQ(last->next_cursor, "");
  }
}

TEST(RestShapes, ErrorsCarryTheExchangesCodeAndMessage) {
  const auto limited =
      parse_instruments_page(R"({"retCode":10006,"retMsg":"Too many visits!","result":{}})");
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, Errc::unavailable);
  EXPECT_NE(limited.error().message.find("10006: Too many visits!"), std::string::npos);
  EXPECT_FALSE(parse_server_time_ns("<html>403</html>"));
  EXPECT_EQ(
      parse_server_time_ns(
          R"({"retCode":0,"retMsg":"OK","result":{"timeSecond":"1","timeNano":"1000000007"},"time":1})"),
      1'000'000'007);
}

}  // namespace
}  // namespace tradelake::bybit
