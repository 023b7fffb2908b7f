#include "bybit/subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <random>
#include <set>

#include <fmt/format.h>

namespace tradelake::bybit {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Time = Subscription::Time;

std::vector<std::string> some_topics(std::size_t count) {
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < count; ++i) topics.push_back(fmt::format("publicTrade.SYM{}USDT", i));
  return topics;
}

std::vector<std::string> args_of(const std::string& request) {
  std::vector<std::string> args;
  for (auto at = request.find("[\"") + 1; at < request.size();) {
    const auto end = request.find('"', at + 1);
    args.push_back(request.substr(at + 1, end - at - 1));
    if (request[end + 1] == ']') break;
    at = end + 2;
  }
  return args;
}

ControlFrame ack(std::string req_id, bool success = true, std::string message = {}) {
  return {ControlKind::subscribed, success, std::move(req_id), std::move(message), {}, {}};
}

TEST(Limits, AThousandSymbolsAreSplitWithinTheExchangesLimits) {
  for (const auto category :
       {Category::spot, Category::linear, Category::inverse, Category::option}) {
    const auto parts = split_by_connection(category, some_topics(5'000));
    std::size_t total = 0;
    for (const auto& part : parts) {
      std::size_t chars = 0;
      for (const auto& topic : part) chars += topic.size() + 3;
      EXPECT_LE(chars, 21'000u);
      EXPECT_LE(part.size(), category == Category::option ? 2'000u : 10'000u);
      total += part.size();

      Subscription subscription(category, part);
      std::size_t asked = 0;
      for (auto request = subscription.next_request(Time{}); request;
           request = subscription.next_request(Time{})) {
        EXPECT_LE(request->topics, category == Category::spot ? 10u : 100u);
        EXPECT_EQ(args_of(request->text).size(), request->topics);
        asked += request->topics;
        auto answer = ack(request->req_id);
        if (category == Category::option)
          answer = {ControlKind::subscribed, true, {}, {}, args_of(request->text), {}};
        subscription.on_ack(answer, Time{});
      }
      EXPECT_EQ(asked, part.size());
      EXPECT_EQ(subscription.active(), part.size());
      EXPECT_TRUE(subscription.settled());
    }
    EXPECT_EQ(total, 5'000u);
    EXPECT_GT(parts.size(), 1u);
  }
}

TEST(Subscription, OneBadTopicDoesNotTakeItsBatchWithIt) {
  Subscription subscription(Category::linear,
                            {"publicTrade.A", "publicTrade.NOPE", "publicTrade.B"});
  const auto first = subscription.next_request(Time{});
  ASSERT_TRUE(first);
  subscription.on_ack(ack(first->req_id, false, "error:handler not found,topic:publicTrade.NOPE"),
                      Time{});
  const auto second = subscription.next_request(Time{});
  ASSERT_TRUE(second);
  EXPECT_THAT(args_of(second->text), ElementsAre("publicTrade.A", "publicTrade.B"));
  EXPECT_NE(second->req_id, first->req_id);
  subscription.on_ack(ack(second->req_id), Time{});
  EXPECT_EQ(subscription.active(), 2u);
  ASSERT_EQ(subscription.refused().size(), 1u);
  EXPECT_EQ(subscription.refused()[0].topic, "publicTrade.NOPE");
  EXPECT_NE(subscription.refused()[0].reason.find("handler not found"), std::string::npos);
  EXPECT_TRUE(subscription.settled());
  EXPECT_FALSE(subscription.next_request(Time{}));
}

TEST(Subscription, ADuplicateIsActiveAndTheRestIsAskedForAgain) {
  Subscription subscription(Category::linear, {"publicTrade.A", "publicTrade.B"});
  const auto first = subscription.next_request(Time{});
  subscription.on_ack(ack(first->req_id, false, "error:already subscribed,topic:publicTrade.A"),
                      Time{});
  EXPECT_EQ(subscription.state_of("publicTrade.A"), TopicState::active);
  const auto second = subscription.next_request(Time{});
  ASSERT_TRUE(second);
  EXPECT_THAT(args_of(second->text), ElementsAre("publicTrade.B"));
}

TEST(Subscription, ARefusalWithoutATopicIsNarrowedDownByHalving) {
  Subscription subscription(Category::linear, some_topics(64));
  int requests = 0;
  while (auto request = subscription.next_request(Time{})) {
    ++requests;
    const auto args = args_of(request->text);
    const bool bad = std::ranges::find(args, "publicTrade.SYM37USDT") != args.end();
    subscription.on_ack(ack(request->req_id, !bad, bad ? "error:internal" : ""), Time{});
  }
  EXPECT_EQ(subscription.active(), 63u);
  EXPECT_EQ(subscription.state_of("publicTrade.SYM37USDT"), TopicState::refused);
  EXPECT_LE(requests, 13);
}

TEST(Subscription, ARefusedTopicIsTriedAgainLaterAndAlone) {
  Subscription subscription(Category::spot, {"publicTrade.A", "publicTrade.NEW"});
  Time now{};
  const auto first = subscription.next_request(now);
  subscription.on_ack(ack(first->req_id, false, "Invalid symbol :[publicTrade.NEW]"), now);
  subscription.on_ack(ack(subscription.next_request(now)->req_id), now);
  subscription.reset();  // a reconnect does not bring it back into the batch
  const auto again = subscription.next_request(now);
  EXPECT_THAT(args_of(again->text), ElementsAre("publicTrade.A"));
  subscription.on_ack(ack(again->req_id), now);
  ASSERT_TRUE(subscription.next_time());
  EXPECT_FALSE(subscription.next_request(*subscription.next_time() - 1ms));
  now = *subscription.next_time();
  const auto retry = subscription.next_request(now);
  ASSERT_TRUE(retry);
  EXPECT_THAT(args_of(retry->text), ElementsAre("publicTrade.NEW"));
  subscription.on_ack(ack(retry->req_id), now);
  EXPECT_EQ(subscription.active(), 2u);
}

TEST(Subscription, ALostAnswerMakesTheRequestBeRepeated) {
  Subscription subscription(Category::linear, {"publicTrade.A"});
  const auto first = subscription.next_request(Time{});
  EXPECT_FALSE(subscription.next_request(Time{} + 9s));
  const auto second = subscription.next_request(Time{} + 10s);
  ASSERT_TRUE(second);
  subscription.on_ack(ack(first->req_id), Time{} + 11s);  // came after all, but is not waited for
  EXPECT_EQ(subscription.active(), 0u);
  subscription.on_ack(ack(second->req_id, false, "error:already subscribed,topic:publicTrade.A"),
                      Time{} + 11s);
  EXPECT_EQ(subscription.active(), 1u);
}

TEST(Subscription, AnAnswerWithoutRequestIdBelongsToTheBatchOfItsTopicOrToTheOldest) {
  Subscription subscription(Category::spot, some_topics(20));
  const auto first = subscription.next_request(Time{});
  const auto second = subscription.next_request(Time{});
  ASSERT_TRUE(second);
  const auto named = args_of(second->text).front();
  subscription.on_ack(ack("", false, "Invalid symbol :[" + named + "]"), Time{});
  EXPECT_EQ(subscription.state_of(named), TopicState::refused);
  subscription.on_ack(ack(""), Time{});
  for (const auto& topic : args_of(first->text)) {
    EXPECT_EQ(subscription.state_of(topic), TopicState::active);
  }
}

// An exchange that answers as the real one does, late, not at all, or after the connection is gone.
struct ModelExchange {
  Category category;
  std::set<std::string> valid;
  std::set<std::string> active;

  ControlFrame answer(const Subscription::Request& request) {
    const auto args = args_of(request.text);
    if (category == Category::option) {
      ControlFrame frame{ControlKind::subscribed, true, {}, {}, {}, {}};
      for (const auto& topic : args) {
        const bool good = valid.contains(topic) && active.insert(topic).second;
        (good ? frame.success_topics : frame.fail_topics).push_back(topic);
      }
      return frame;
    }
    if (category == Category::spot && args.size() > 10)
      return ack(request.req_id, false, "args size >10");
    for (const auto& topic : args) {
      if (!valid.contains(topic)) {
        return ack(request.req_id, false,
                   category == Category::spot ? "Invalid symbol :[" + topic + "]"
                                              : "error:handler not found,topic:" + topic);
      }
      if (active.contains(topic)) {
        return ack(request.req_id, false, "error:already subscribed,topic:" + topic);
      }
    }
    active.insert(args.begin(), args.end());
    return ack(request.req_id);
  }
};

TEST(Subscription, EndsWithEveryValidTopicActiveOnceWhateverTheExchangeDoes) {
  ASSERT_TRUE(rc::check([](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t n) { return random() % n; };
    const auto category = std::array{Category::spot, Category::linear, Category::option}[below(3)];
    const auto count = 1 + below(130);
    const auto topics = some_topics(count);
    ModelExchange exchange{category, {}, {}};
    for (const auto& topic : topics) {
      if (below(8) != 0) exchange.valid.insert(topic);
    }
    Subscription subscription(category, topics);
    std::vector<ControlFrame> answers;
    Time now{};
    auto troubles = below(12);
    for (int step = 0; step < 3'000; ++step) {
      if (subscription.settled() && answers.empty() && troubles == 0) break;
      now += 50ms;
      while (auto request = subscription.next_request(now)) {
        RC_ASSERT(request->topics <= (category == Category::spot ? 10u : 100u));
        for (const auto& topic : args_of(request->text)) {
          RC_ASSERT(subscription.state_of(topic) == TopicState::requested);
        }
        auto frame = exchange.answer(*request);
        // On options an answer that is lost leaves topics active that look refused when they are
        // asked for again; the data flows all the same. So only the others lose answers.
        const bool lose = troubles > 0 && category != Category::option && below(6) == 0;
        if (lose) {
          --troubles;
        } else {
          answers.push_back(std::move(frame));
        }
      }
      if (troubles > 0 && below(10) == 0) {
        --troubles;
        exchange.active.clear();
        answers.clear();
        subscription.reset();
        continue;
      }
      if (troubles > 0 && subscription.settled()) --troubles;
      if (!answers.empty() && below(3) != 0) {
        const auto which = category == Category::option ? 0 : below(answers.size());
        subscription.on_ack(answers[which], now);
        answers.erase(answers.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    RC_ASSERT(subscription.settled());
    RC_ASSERT(subscription.active() == exchange.valid.size());
    RC_ASSERT(exchange.active == exchange.valid);
    for (const auto& topic : topics) {
      RC_ASSERT(subscription.state_of(topic) ==
                (exchange.valid.contains(topic) ? TopicState::active : TopicState::refused));
    }
  }));
}

}  // namespace
}  // namespace tradelake::bybit
