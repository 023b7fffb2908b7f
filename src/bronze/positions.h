// Where a pipeline stands in each partition of the log, in memory and in the catalog.
//
// Threads: one (the pipeline's). Invariants: next_offset counts everything consumed, committed what
// the catalog has; replay_from() is the lowest offset that a restart must read again to know the
// ids and candles of the window. Does not: read the log or commit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/catalog.h"
#include "log/log.h"

namespace tradelake::bronze {

// A partition's watermark trails its greatest trade_time by this much (design 7).
inline constexpr std::int64_t lateness_us = 2'000'000;

struct PartitionPosition {
  log::TopicPartition where;
  std::string topic_id;
  std::size_t slot = 0;  // number of the partition within the pipeline
  std::optional<iceberg::ProgressRow> committed;
  std::int64_t next_offset = 0;
  std::optional<std::int64_t> max_trade_time_us;  // greatest of the good trades before next_offset
  std::int64_t last_record_us = 0;                // wall clock when the last record was consumed

  // A good trade at this offset; keeps the lowest offset of each minute.
  void saw(std::int64_t offset, std::int64_t trade_time_us);
  // Candles that end at or before this are out of grace. Far in the past while nothing was seen.
  std::int64_t closed_until_us(std::int64_t grace_us) const;
  std::int64_t replay_from(std::int64_t grace_us) const;
  bool in_committed(std::int64_t offset) const {
    return committed && offset < committed->next_offset;
  }

 private:
  std::map<std::int64_t, std::int64_t> first_offset_of_minute_;
};

class Positions {
 public:
  // Reads the progress rows and holds them against the log. Errors: corrupt (a topic was recreated,
  // its partitions changed, or the log ends before or starts after our offset: with the repair
  // command), io.
  static Result<Positions> load(iceberg::Catalog& catalog, log::Log& log,
                                const std::string& pipeline,
                                const std::vector<std::string>& topics);

  PartitionPosition& at(const log::TopicPartition& where) { return positions_.at(where); }
  auto begin() { return positions_.begin(); }
  auto end() { return positions_.end(); }
  auto begin() const { return positions_.begin(); }
  auto end() const { return positions_.end(); }

  // Next offset to consume; before anything is consumed, replay_from where something is committed.
  std::map<log::TopicPartition, std::int64_t> next_offsets() const;
  std::map<log::TopicPartition, std::int64_t> committed_offsets() const;
  // Rows that differ from the committed ones; with `fence_all`, the others too, unchanged.
  std::vector<iceberg::ProgressUpdate> updates(std::int64_t grace_us, bool fence_all = false) const;
  void committed(const std::vector<iceberg::ProgressUpdate>& updates);
  // JSON {topic: {partition: next offset}} of everything consumed so far.
  std::string offsets_json() const;
  std::optional<std::int64_t> max_trade_time_us() const;

 private:
  std::map<log::TopicPartition, PartitionPosition> positions_;
};

}  // namespace tradelake::bronze
