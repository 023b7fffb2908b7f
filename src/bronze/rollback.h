// Taking a pipeline back in time: all its tables, and where it stands in the log, so that it reads
// the log again from there and nothing is lost or doubled.
//
// A commit is in all tables that it wrote to, or in none. The table that is named goes back to the
// snapshot that is named, each other one to its last commit of the same time or before; the
// progress rows go to what these tables hold. What a row says beyond the offset (the greatest
// trade_time, where the window begins) is found by reading the log up to there.
// Threads: one; the pipeline does not run (whoever runs is fenced). Does not: remove snapshots or
// files.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bronze/lake.h"
#include "core/error.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

struct TableRollback {
  iceberg::Table table;
  const iceberg::Snapshot* to = nullptr;           // nullptr: to before its first snapshot
  const iceberg::Snapshot* last_commit = nullptr;  // of the pipeline, at or before `to`
  std::string commit_id;                           // what is to stand on record
  bool moves() const;
};

struct Rollback {
  std::string pipeline;
  std::vector<TableRollback> tables;
  std::vector<iceberg::ProgressUpdate> progress;  // all rows of the pipeline
  bool moves() const;                             // whether anything is not so already
};

// The pipeline that writes to the table; nothing if none does.
Result<std::optional<std::string>> pipeline_of(iceberg::Catalog& catalog,
                                               std::span<const std::string> pipelines,
                                               const iceberg::TableIdent& table);

// Changes nothing. Errors: invalid_argument (the snapshot is no ancestor of the table's current
// one, or its commit cannot be told from later ones), unsupported (a repair of the log lies
// between), corrupt (the log no longer has what would be read again, or is another one).
Result<Rollback> plan_rollback(const Lake& lake, const std::string& pipeline,
                               const iceberg::TableIdent& table, iceberg::SnapshotId to,
                               std::int64_t grace_us);

// Errors: conflict (a table was changed meanwhile), fenced (the pipeline runs), unavailable, io.
Result<> roll_back(const Lake& lake, const Rollback& plan);

}  // namespace tradelake::bronze
