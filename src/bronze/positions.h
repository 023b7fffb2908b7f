// Where a pipeline stands in each partition of the log, in memory and in the catalog.
//
// Threads: one (the pipeline's). Invariants: next_offset counts everything consumed, committed what
// the catalog has; replay_from() is the lowest offset that a restart must read again to know the
// ids and candles of the window. Does not: read the log or commit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/progress.h"
#include "log/log.h"

namespace tradelake::bronze {

// A partition's watermark trails its greatest trade_time by this much (design 7).
inline constexpr std::int64_t lateness_us = 2'000'000;

struct PartitionPosition {
  log::TopicPartition where;
  std::string topic_id;
  std::size_t slot = 0;  // number of the partition within the pipeline, below max_partitions
  std::optional<iceberg::ProgressRow> committed;
  std::int64_t next_offset = 0;
  std::optional<std::int64_t> max_trade_time_us;  // greatest of the good trades before next_offset
  // Trades up to this trade_time may have been in records that the log no longer has: their ids and
  // candles are not in memory.
  std::optional<std::int64_t> lost_until_us;
  std::int64_t last_record_us = 0;  // wall clock when the last record was consumed

  // A good trade at this offset; keeps the lowest offset of each minute.
  void saw(std::int64_t offset, std::int64_t trade_time_us);
  // Candles that end at or before this are out of grace. Far in the past while nothing was seen.
  std::int64_t closed_until_us(std::int64_t grace_us) const;
  // The same when only what is committed counts.
  std::int64_t committed_closed_until_us(std::int64_t grace_us) const;
  std::int64_t replay_from(std::int64_t grace_us) const;
  // Whether the minute that begins then is out of grace, or of those that cannot be rebuilt.
  bool is_closed(std::int64_t minute_us, std::int64_t grace_us) const;
  // Nothing once all minutes up to then are out of grace.
  std::optional<std::int64_t> still_lost_until_us(std::int64_t grace_us) const;
  bool in_committed(std::int64_t offset) const {
    return committed && offset < committed->next_offset;
  }

 private:
  std::map<std::int64_t, std::int64_t> first_offset_of_minute_;
};

class Positions {
 public:
  static constexpr std::size_t max_partitions = 64;

  // Takes up the partitions where the pipeline's progress rows say, held against the log. Errors:
  // corrupt (a topic was recreated, its partitions changed, or the log ends before or starts after
  // our offset: with the repair command), unsupported (too many partitions), io.
  Result<> load(std::span<const iceberg::ProgressRow> rows, log::Log& log,
                const std::string& pipeline, std::span<const log::TopicPartition> partitions);
  // Another process has committed. False if that does not go on from what it had committed before
  // (a rollback, another topic): everything has to be loaded anew.
  bool committed_elsewhere(std::span<const iceberg::ProgressRow> rows);
  void remove(const log::TopicPartition& where) { positions_.erase(where); }
  void clear() { positions_.clear(); }

  PartitionPosition* find(const log::TopicPartition& where);
  PartitionPosition& at(const log::TopicPartition& where) { return positions_.at(where); }
  auto begin() { return positions_.begin(); }
  auto end() { return positions_.end(); }
  auto begin() const { return positions_.begin(); }
  auto end() const { return positions_.end(); }

  // Next offset to consume; before anything is consumed, replay_from where something is committed.
  std::map<log::TopicPartition, std::int64_t> next_offsets() const;
  std::map<log::TopicPartition, std::int64_t> committed_offsets() const;
  // What the tables have once everything consumed so far is committed: while a partition is read
  // anew from replay_from, what they have already.
  std::map<log::TopicPartition, std::int64_t> reached_offsets() const;
  // Rows that differ from the committed ones; with `fence_all`, the others too, unchanged.
  std::vector<iceberg::ProgressUpdate> updates(std::int64_t grace_us, bool fence_all = false) const;
  void committed(const std::vector<iceberg::ProgressUpdate>& updates);
  std::optional<std::int64_t> max_trade_time_us() const;

 private:
  std::size_t free_slot() const;

  std::map<log::TopicPartition, PartitionPosition> positions_;
};

}  // namespace tradelake::bronze
