#include "log/topic.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace tradelake::log {
namespace {

std::uint32_t murmur2(std::string_view data) {
  constexpr std::uint32_t seed = 0x9747b28c, m = 0x5bd1e995;
  constexpr int r = 24;
  std::uint32_t h = seed ^ static_cast<std::uint32_t>(data.size());
  std::size_t at = 0;
  for (; at + 4 <= data.size(); at += 4) {
    std::uint32_t k;
    std::memcpy(&k, data.data() + at, 4);
    k *= m;
    k ^= k >> r;
    k *= m;
    h *= m;
    h ^= k;
  }
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(data[at + i]));
  };
  switch (data.size() - at) {
    case 3:
      h ^= byte(2) << 16;
      [[fallthrough]];
    case 2:
      h ^= byte(1) << 8;
      [[fallthrough]];
    case 1:
      h ^= byte(0);
      h *= m;
      break;
    default:
      break;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

}  // namespace

std::string topic_name(std::string_view category, std::string_view stream) {
  return fmt::format("bybit.v5.{}.{}", category, stream);
}

bool is_market_topic(std::string_view topic) {
  static const auto topics = market_topics();
  return std::ranges::find(topics, topic) != topics.end();
}

bool is_kline_topic(std::string_view topic) {
  static const auto topics = kline_topics();
  return std::ranges::find(topics, topic) != topics.end();
}

std::vector<std::string> market_topics() {
  std::vector<std::string> topics;
  for (const auto category : bybit::category_names)
    topics.push_back(topic_name(category, trade_stream));
  return topics;
}

std::vector<std::string> trade_topics() {
  std::vector<std::string> topics;
  for (const auto category : bybit::category_names) {
    topics.push_back(topic_name(category, trade_stream));
    topics.push_back(topic_name(category, unroutable_stream));
  }
  topics.push_back(topic_name(unknown_category, unroutable_stream));
  return topics;
}

std::vector<std::string> kline_topics() {
  std::vector<std::string> topics;
  for (const auto name : bybit::category_names) {
    if (bybit::has_klines(*bybit::parse_category(name)))
      topics.push_back(topic_name(name, kline_stream));
  }
  return topics;
}

std::vector<std::string> frame_topics() {
  auto topics = trade_topics();
  for (auto& topic : kline_topics()) topics.push_back(std::move(topic));
  return topics;
}

TopicDeclaration declaration_of(std::string_view topic) {
  TopicDeclaration declared;
  declared.name = topic;
  declared.settings = {{"compression.type", "zstd"},
                       {"min.insync.replicas", "1", true},
                       {"unclean.leader.election.enable", "false"}};
  if (topic == replay_progress_topic) declared.partitions = 1;
  if (topic == replay_progress_topic || topic == coverage_topic) {
    // Small segments: only those that are full are compacted.
    declared.settings.insert(declared.settings.end(), {{"cleanup.policy", "compact"},
                                                       {"segment.bytes", "16777216"},
                                                       {"min.cleanable.dirty.ratio", "0.1"}});
    return declared;
  }
  constexpr std::int64_t ms_per_hour = 3'600'000;
  declared.settings.insert(declared.settings.end(),
                           {{"cleanup.policy", "delete"},
                            {"retention.ms", fmt::to_string(retention_hours * ms_per_hour)},
                            // By append time: an old capture would be out of retention at once.
                            {"message.timestamp.type", "LogAppendTime"},
                            {"max.message.bytes", fmt::to_string(max_batch_bytes), true}});
  return declared;
}

std::vector<TopicDeclaration> declared_topics() {
  std::vector<TopicDeclaration> declared;
  for (const auto& name : frame_topics()) declared.push_back(declaration_of(name));
  declared.push_back(declaration_of(replay_progress_topic));
  declared.push_back(declaration_of(coverage_topic));
  return declared;
}

std::int32_t partition_of(std::string_view key) {
  return static_cast<std::int32_t>((murmur2(key) & 0x7fffffff) % partitions_per_topic);
}

}  // namespace tradelake::log
