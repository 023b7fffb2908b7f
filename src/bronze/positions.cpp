#include "bronze/positions.h"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bronze/log_fit.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

std::int64_t closed_until(std::optional<std::int64_t> max_trade_time_us, std::int64_t grace_us) {
  return max_trade_time_us ? *max_trade_time_us - lateness_us - grace_us : INT64_MIN;
}

}  // namespace

void PartitionPosition::saw(std::int64_t offset, std::int64_t trade_time_us) {
  max_trade_time_us = std::max(max_trade_time_us.value_or(trade_time_us), trade_time_us);
  auto& first = first_offset_of_minute_.try_emplace(floor_div(trade_time_us, us_per_minute), offset)
                    .first->second;
  first = std::min(first, offset);
}

std::int64_t PartitionPosition::closed_until_us(std::int64_t grace_us) const {
  return closed_until(max_trade_time_us, grace_us);
}

std::int64_t PartitionPosition::committed_closed_until_us(std::int64_t grace_us) const {
  return closed_until(committed ? committed->max_trade_time_us : std::nullopt, grace_us);
}

std::int64_t PartitionPosition::replay_from(std::int64_t grace_us) const {
  std::int64_t lowest = next_offset;
  const std::int64_t closed_until = closed_until_us(grace_us);
  for (const auto& [minute, offset] : first_offset_of_minute_) {
    if ((minute + 1) * us_per_minute > closed_until) lowest = std::min(lowest, offset);
  }
  return lowest;
}

bool PartitionPosition::is_closed(std::int64_t minute_us, std::int64_t grace_us) const {
  return minute_us + us_per_minute <= closed_until_us(grace_us) ||
         (lost_until_us && minute_us <= *lost_until_us);
}

std::optional<std::int64_t> PartitionPosition::still_lost_until_us(std::int64_t grace_us) const {
  if (!lost_until_us) return std::nullopt;
  const std::int64_t last_minute_us = floor_to(*lost_until_us, us_per_minute);
  return last_minute_us + us_per_minute <= closed_until_us(grace_us) ? std::nullopt : lost_until_us;
}

Result<> Positions::load(std::span<const iceberg::ProgressRow> rows, log::Log& log,
                         const std::string& pipeline,
                         std::span<const log::TopicPartition> partitions) {
  TL_ASSIGN(const auto infos, log.topics());
  TL_ASSIGN(const auto offsets, log.offsets());
  const auto stop = [&](const log::TopicPartition& where, const std::string& what) {
    return make_error(
        Errc::corrupt,
        "pipeline {}: {} partition {} {}; the log is not the one the tables were written from. "
        "Restore it, or go on with this one: tradelake repair log (docs/operations.md, \"Another "
        "log\")",
        pipeline, where.topic, where.partition, what);
  };
  // Of partitions that are another member's too: they were in this log.
  for (const auto& row : rows) {
    if (!offsets.contains({row.topic, row.partition}))
      return stop({row.topic, row.partition}, "is no longer in the log");
  }
  for (const auto& where : partitions) {
    const auto info = std::ranges::find(infos, where.topic, &log::TopicInfo::name);
    const auto range = offsets.find(where);
    if (info == infos.end() || range == offsets.end()) return stop(where, "is not in the log");
    if (positions_.size() >= max_partitions) {
      return make_error(Errc::unsupported, "pipeline {}: more than {} partitions in one process",
                        pipeline, max_partitions);
    }
    PartitionPosition position;
    position.where = where;
    position.topic_id = info->id;
    position.slot = free_slot();
    // A log that is older than these tables may have lost its beginning to retention.
    position.next_offset = range->second.start;
    const auto row = std::ranges::find_if(rows, [&](const iceberg::ProgressRow& one) {
      return one.topic == where.topic && one.partition == where.partition;
    });
    if (row != rows.end()) {
      const auto [start, end] = range->second;
      if (const auto wrong = misfit(*row, position.topic_id, range->second)) {
        switch (*wrong) {
          case Misfit::recreated:
            return stop(where, "was recreated");
          case Misfit::ends_before:
            return stop(where, fmt::format("ends at {}, before the committed offset {}", end,
                                           row->next_offset));
          case Misfit::starts_after:
            return stop(where, fmt::format("starts at {}, after the committed offset {}", start,
                                           row->next_offset));
        }
      }
      position.committed = *row;
      // Reading starts at replay_from, or at what retention has left of the window.
      position.next_offset = std::max(row->replay_from, start);
      position.max_trade_time_us = row->max_trade_time_us;
      position.lost_until_us = row->lost_until_us;
      if (start > row->replay_from && row->max_trade_time_us > position.lost_until_us) {
        position.lost_until_us = row->max_trade_time_us;
        spdlog::warn("event=window_lost pipeline={} topic={} partition={} replay_from={} start={}",
                     pipeline, where.topic, where.partition, row->replay_from, start);
      }
    }
    positions_.insert_or_assign(where, std::move(position));
  }
  return {};
}

bool Positions::committed_elsewhere(std::span<const iceberg::ProgressRow> rows) {
  for (const auto& row : rows) {
    auto* position = find({row.topic, row.partition});
    if (position == nullptr || row.topic_id != position->topic_id) return false;
    if (position->committed && row.next_offset < position->committed->next_offset) return false;
    position->committed = row;
  }
  // One without a row was committed once, and taken back.
  return std::cmp_equal(rows.size(), std::ranges::count_if(positions_, [](const auto& entry) {
                          return entry.second.committed.has_value();
                        }));
}

std::size_t Positions::free_slot() const {
  std::size_t slot = 0;
  while (std::ranges::any_of(positions_,
                             [&](const auto& entry) { return entry.second.slot == slot; })) {
    ++slot;
  }
  return slot;
}

PartitionPosition* Positions::find(const log::TopicPartition& where) {
  const auto found = positions_.find(where);
  return found == positions_.end() ? nullptr : &found->second;
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

std::map<log::TopicPartition, std::int64_t> Positions::reached_offsets() const {
  auto offsets = committed_offsets();
  for (const auto& [where, position] : positions_)
    offsets[where] = std::max(offsets[where], position.next_offset);
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
    row.lost_until_us = position.still_lost_until_us(grace_us);
    updates.push_back({position.committed, std::move(row)});
  }
  return updates;
}

void Positions::committed(const std::vector<iceberg::ProgressUpdate>& updates) {
  for (const auto& update : updates) {
    positions_.at({update.updated.topic, update.updated.partition}).committed = update.updated;
  }
}

std::optional<std::int64_t> Positions::max_trade_time_us() const {
  std::optional<std::int64_t> greatest;
  for (const auto& [where, position] : positions_)
    greatest = std::max(greatest, position.max_trade_time_us);
  return greatest;
}

}  // namespace tradelake::bronze
