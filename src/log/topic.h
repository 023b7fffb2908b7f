// The declared topics and which partition a key belongs to. The one place for both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"

namespace tradelake::log {

inline constexpr std::int32_t partitions_per_topic = 3;
inline constexpr std::int64_t retention_hours = 48;      // by append time
inline constexpr std::size_t max_frame_bytes = 1 << 20;  // a longer frame is cut into parts
inline constexpr std::size_t part_bytes = 512 << 10;

// "bybit.v5.linear.publicTrade"
std::string topic_name(std::string_view category, std::string_view stream);

inline constexpr std::string_view trade_stream = "publicTrade";
inline constexpr std::string_view unroutable_stream = "unroutable";
// Stands in a topic's name for a category that is not one of the four.
inline constexpr std::string_view unknown_category = "unknown";

// Every topic a trade pipeline reads: trades and unroutable frames of each category.
std::vector<std::string> trade_topics();

// Kafka's default partitioner (murmur2, sign bit cleared), so both logs place a key alike.
std::int32_t partition_of(std::string_view key);

}  // namespace tradelake::log
