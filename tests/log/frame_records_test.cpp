// Which topics frames of klines go to, and what is left out.
#include "log/frame_records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "log/topic.h"

namespace tradelake::log {
namespace {

struct Added {
  std::vector<std::string> topics, keys;
  FrameCounts counts;
};

Added add(std::string_view text, std::string_view category) {
  FrameRecords records;
  std::vector<NewRecord> made;
  records.add(text, category, "conn", 1, Origin::ws, -1, made);
  Added added{{}, {}, records.counts()};
  for (const auto& record : made) {
    added.topics.emplace_back(record.topic);
    added.keys.emplace_back(record.key);
    EXPECT_EQ(record.value, text);
  }
  return added;
}

constexpr std::string_view frame = R"({"topic":"kline.1.BTCUSDT","data":[]})";

TEST(FrameRecords, LogCandlesOfTheExchangeByCategory) {
  for (const auto* category : {"spot", "linear", "inverse"}) {
    const auto added = add(frame, category);
    EXPECT_EQ(added.topics, std::vector<std::string>{topic_name(category, "kline")});
    EXPECT_EQ(added.keys, std::vector<std::string>{"BTCUSDT"});
    EXPECT_EQ(added.counts.logged, 1);
  }
}

TEST(FrameRecords, LeaveOutCandlesThatNobodyStores) {
  const auto large = std::string(R"({"topic":"kline.1.BTCUSDT","data":[],"x":")") +
                     std::string(max_frame_bytes, 'x') + R"("})";
  for (const auto& [text, category] :
       {std::pair(std::string(frame), "option"), {std::string(frame), "spread"}, {large, "spot"}}) {
    const auto added = add(text, category);
    EXPECT_TRUE(added.topics.empty()) << category;
    EXPECT_EQ(added.counts.skipped, 1);
    EXPECT_EQ(added.counts.logged, 0);
    EXPECT_EQ(added.counts.too_large, 0);
  }
}

TEST(Topics, AreDeclaredForCandlesOfTheExchangeToo) {
  EXPECT_EQ(kline_topics(),
            (std::vector<std::string>{"bybit.v5.spot.kline", "bybit.v5.linear.kline",
                                      "bybit.v5.inverse.kline"}));
  const auto declared = declared_topics();
  for (const auto& topic : frame_topics()) {
    EXPECT_EQ(std::ranges::count(declared, topic, &TopicDeclaration::name), 1) << topic;
    EXPECT_EQ(is_kline_topic(topic), topic.ends_with(".kline")) << topic;
  }
  EXPECT_FALSE(is_kline_topic("bybit.v5.option.kline"));
}

}  // namespace
}  // namespace tradelake::log
