// The declared topics and which partition a key belongs to. The one place for both.
//
// Threads: functions. Does not: talk to a broker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"
#include "bybit/topic.h"

namespace tradelake::log {

inline constexpr std::int32_t partitions_per_topic = 3;
inline constexpr std::int64_t retention_hours = 48;      // by append time
inline constexpr std::size_t max_frame_bytes = 1 << 20;  // a longer frame is cut into parts
inline constexpr std::size_t part_bytes = 512 << 10;
// Of one batch of records in Kafka: a frame of the greatest size with its key and headers.
inline constexpr std::size_t max_batch_bytes = 2 << 20;

// "bybit.v5.linear.publicTrade"
std::string topic_name(std::string_view category, std::string_view stream);

using bybit::kline_stream;
using bybit::trade_stream;
inline constexpr std::string_view unroutable_stream = "unroutable";
// Stands in a topic's name for a category that is not one of the four.
inline constexpr std::string_view unknown_category = "unknown";

// How far replays have come, in Kafka: one partition, compacted.
inline constexpr std::string_view replay_progress_topic = "tradelake.replay-progress";

// How far each connection to the exchange has been received without a gap: read at the next start
// only (coverage_records.h). Compacted in Kafka.
inline constexpr std::string_view coverage_topic = "tradelake.coverage";

// Trades of each category: what candles are made of.
std::vector<std::string> market_topics();
// Every topic a trade pipeline reads: trades and unroutable frames of each category.
std::vector<std::string> trade_topics();
// The exchange's own candles, of each category that has any.
std::vector<std::string> kline_topics();
// Both, those of trades first: every topic that frames go to.
std::vector<std::string> frame_topics();

bool is_market_topic(std::string_view topic);
bool is_kline_topic(std::string_view topic);

struct TopicSetting {
  std::string_view name;  // Kafka's
  std::string value;
  bool at_least = false;  // a greater number is as good: who runs a cluster raises it
};

struct TopicDeclaration {
  std::string name;
  std::int32_t partitions = partitions_per_topic;
  std::vector<TopicSetting> settings;
};

// What Kafka's topic of that name has to be like.
TopicDeclaration declaration_of(std::string_view topic);

// Every topic that Kafka has to have.
std::vector<TopicDeclaration> declared_topics();

// Kafka's default partitioner (murmur2, sign bit cleared), so both logs place a key alike.
std::int32_t partition_of(std::string_view key);

}  // namespace tradelake::log
