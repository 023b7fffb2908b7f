#include "bronze/positions.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/time.h"

namespace tradelake::bronze {

void PartitionPosition::saw(std::int64_t offset, std::int64_t trade_time_us) {
  max_trade_time_us = std::max(max_trade_time_us.value_or(trade_time_us), trade_time_us);
  auto& first = first_offset_of_minute_.try_emplace(floor_div(trade_time_us, us_per_minute), offset)
                    .first->second;
  first = std::min(first, offset);
}

std::int64_t PartitionPosition::closed_until_us(std::int64_t grace_us) const {
  if (!max_trade_time_us) return INT64_MIN;
  return *max_trade_time_us - lateness_us - grace_us;
}

std::int64_t PartitionPosition::replay_from(std::int64_t grace_us) const {
  std::int64_t lowest = next_offset;
  const std::int64_t closed_until = closed_until_us(grace_us);
  for (const auto& [minute, offset] : first_offset_of_minute_) {
    if ((minute + 1) * us_per_minute > closed_until) lowest = std::min(lowest, offset);
  }
  return lowest;
}

Result<Positions> Positions::load(iceberg::Catalog& catalog, log::Log& log,
                                  const std::string& pipeline,
                                  const std::vector<std::string>& topics) {
  TL_ASSIGN(const auto rows, catalog.progress(pipeline));
  TL_ASSIGN(const auto infos, log.topics());
  TL_ASSIGN(const auto offsets, log.offsets());
  Positions result;
  for (const auto& info : infos) {
    if (std::ranges::find(topics, info.name) == topics.end()) continue;
    for (std::int32_t partition = 0; partition < info.partitions; ++partition) {
      PartitionPosition position;
      position.where = {info.name, partition};
      position.topic_id = info.id;
      position.slot = result.positions_.size();
      result.positions_.emplace(position.where, position);
    }
  }
  const auto stop = [&](const log::TopicPartition& where, const std::string& what) {
    return make_error(
        Errc::corrupt,
        "pipeline {}: {} partition {} {}; the log is not the one the tables were written from. "
        "Restore it, or start from a new data directory",
        pipeline, where.topic, where.partition, what);
  };
  for (const auto& row : rows) {
    const log::TopicPartition where{row.topic, row.partition};
    const auto found = result.positions_.find(where);
    if (found == result.positions_.end()) return stop(where, "is no longer in the log");
    auto& position = found->second;
    const auto range = offsets.at(where);
    if (row.topic_id != position.topic_id) return stop(where, "was recreated");
    if (range.end < row.next_offset) {
      return stop(where, fmt::format("ends at {}, before the committed offset {}", range.end,
                                     row.next_offset));
    }
    if (range.start > row.next_offset) {
      return stop(where, fmt::format("starts at {}, after the committed offset {}", range.start,
                                     row.next_offset));
    }
    position.committed = row;
    // Reading starts at replay_from, or at what retention has left of the window.
    position.next_offset = std::max(row.replay_from, range.start);
    position.max_trade_time_us = row.max_trade_time_us;
  }
  return result;
}

std::map<log::TopicPartition, std::int64_t> Positions::next_offsets() const {
  std::map<log::TopicPartition, std::int64_t> offsets;
  for (const auto& [where, position] : positions_) offsets[where] = position.next_offset;
  return offsets;
}

std::map<log::TopicPartition, std::int64_t> Positions::committed_offsets() const {
  std::map<log::TopicPartition, std::int64_t> offsets;
  for (const auto& [where, position] : positions_) {
    offsets[where] = position.committed ? position.committed->next_offset : 0;
  }
  return offsets;
}

std::vector<iceberg::ProgressUpdate> Positions::updates(std::int64_t grace_us,
                                                        bool fence_all) const {
  std::vector<iceberg::ProgressUpdate> updates;
  for (const auto& [where, position] : positions_) {
    const std::int64_t committed = position.committed ? position.committed->next_offset : 0;
    if (position.next_offset <= committed) {
      if (fence_all && position.committed)
        updates.push_back({position.committed, *position.committed});
      continue;
    }
    iceberg::ProgressRow row;
    row.topic = where.topic;
    row.partition = where.partition;
    row.next_offset = position.next_offset;
    row.replay_from = position.replay_from(grace_us);
    row.topic_id = position.topic_id;
    row.epoch = position.committed ? position.committed->epoch : 0;
    row.max_trade_time_us = position.max_trade_time_us;
    updates.push_back({position.committed, std::move(row)});
  }
  return updates;
}

void Positions::committed(const std::vector<iceberg::ProgressUpdate>& updates) {
  for (const auto& update : updates) {
    positions_.at({update.updated.topic, update.updated.partition}).committed = update.updated;
  }
}

std::string Positions::offsets_json() const {
  std::string json = "{";
  const std::string* topic = nullptr;
  for (const auto& [where, position] : positions_) {
    if (position.next_offset == 0) continue;
    const bool same = topic != nullptr && *topic == where.topic;
    if (!same) json += fmt::format("{}\"{}\":{{", topic == nullptr ? "" : "},", where.topic);
    json += fmt::format("{}\"{}\":{}", same ? "," : "", where.partition, position.next_offset);
    topic = &where.topic;
  }
  return json + (topic == nullptr ? "}" : "}}");
}

std::optional<std::int64_t> Positions::max_trade_time_us() const {
  std::optional<std::int64_t> greatest;
  for (const auto& [where, position] : positions_)
    greatest = std::max(greatest, position.max_trade_time_us);
  return greatest;
}

}  // namespace tradelake::bronze
