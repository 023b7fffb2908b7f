// What a pipeline writes into the snapshot summaries of its commits, and reads back on start.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bronze/positions.h"
#include "core/error.h"
#include "iceberg/action.h"
#include "iceberg/table.h"
#include "log/lag.h"

namespace tradelake::bronze {

struct CommitCounts {
  std::int64_t in = 0;        // trades, and bad frames as one each
  std::int64_t ok = 0;        // rows of the primary table, or taken into candles
  std::int64_t dead = 0;      // dead letters
  std::int64_t filtered = 0;  // repeats and expired ones
  std::int64_t expired = 0;   // of the filtered: past the table's retention when they came
  std::int64_t error() const { return in - ok - dead - filtered; }  // must be 0
  CommitCounts& operator+=(const CommitCounts& other);
};

std::string new_commit_id();

// What a commit says of itself: its id, how far it reaches, and a tag that keeps the last commit of
// a pipeline in each of its tables from expiry by anybody, as the next start is checked against it.
// Offsets of partitions that `updates` does not move are carried over from the base.
iceberg::SnapshotNote commit_note(const std::string& pipeline, const std::string& commit_id,
                                  const Positions& positions,
                                  std::span<const iceberg::ProgressUpdate> updates);
// Of a commit that only moves offsets, wherever to: those of `updates` replace the base's.
iceberg::SnapshotNote repair_note(const std::string& pipeline, const std::string& commit_id,
                                  std::span<const iceberg::ProgressUpdate> updates);
// Of a change that moves no offsets, such as compaction: the new head says as much as the one
// before it of the commit it stands on, so that expiry of what lies between loses nothing. The
// pipeline's tag goes along, as it would keep the files that were to go.
iceberg::SnapshotNote maintenance_note(const iceberg::TableMetadata& table,
                                       const std::string& what);
// When it is written, and the counts are known.
void add_counts(iceberg::SnapshotNote& note, const CommitCounts& counts);

// What a snapshot that one of our pipelines wrote says of itself.
struct CommitFacts {
  const iceberg::Snapshot* snapshot = nullptr;
  std::string commit_id;
  log::NextOffsets offsets;
  std::optional<std::int64_t> max_trade_time_us;
  bool is_repair = false;  // it only moved offsets, to those of another log
};
// Nothing of one that somebody else wrote.
std::optional<CommitFacts> commit_facts(const iceberg::Snapshot& snapshot);
// What stands on record for a table that no commit is in.
inline constexpr const char* no_commit = "none";

// The tag that a pipeline's last commit has in each of its tables.
std::string commit_tag(const std::string& pipeline);

// The nearest ancestor of the table's head that one of our pipelines wrote must carry the commit-id
// that the catalog has on record, and offsets that are not beyond the progress rows. Errors:
// corrupt, with the repair command.
Result<> check_head(const iceberg::Table& table, const std::string& pipeline,
                    const std::optional<std::string>& commit_id_on_record,
                    std::span<const iceberg::ProgressRow> progress);

}  // namespace tradelake::bronze
