#include "ops/table_heads.h"

#include <algorithm>

#include <fmt/format.h>

#include "bronze/commit_summary.h"
#include "bronze/spark_commit.h"
#include "core/time.h"

namespace tradelake::ops {
namespace {

constexpr int most_looks = 5;

// The table's head against the records of the pipelines that have written it.
Result<> compare(iceberg::Catalog& catalog, const iceberg::Table& table, TableHeads& heads) {
  for (const std::string pipeline : pipelines) {
    TL_ASSIGN(const auto commits, catalog.table_commits(pipeline));
    TL_ASSIGN(heads.progress[pipeline], catalog.progress(pipeline));
    const auto commit = std::ranges::find(commits, table.ident, &iceberg::TableCommit::table);
    // Of a job of Spark's the heads are the record.
    if (commit == commits.end() || commit->commit_id == bronze::spark_record) continue;
    TL_TRY(bronze::check_head(table, pipeline, commit->commit_id, heads.progress[pipeline]));
  }
  return {};
}

// Somebody may commit between the looks, so what disagrees is looked at again.
TableHead read_head(iceberg::Catalog& catalog, iceberg::FileIo& io,
                    const iceberg::TableIdent& ident, TableHeads& heads) {
  TableHead head{ident, iceberg::load_table(catalog, io, ident)};
  for (int look = 1; head.table; ++look) {
    head.agrees = compare(catalog, *head.table, heads);
    if (head.agrees || look == most_looks) break;
    head.table = iceberg::load_table(catalog, io, ident);
  }
  return head;
}

std::string advice(const Error& error) {
  switch (error.code) {
    case Errc::unsupported:
      return "only format version 2 is read: make the table anew from the log";
    case Errc::unavailable:
      return "see the catalog and the warehouse";
    default:
      return "restore the file from a copy, or set the pointer back to an older metadata file "
             "together with the progress (docs/operations.md, \"Head and progress disagree\")";
  }
}

}  // namespace

Result<TableHeads> read_heads(iceberg::Catalog& catalog, iceberg::FileIo& io,
                              std::span<const iceberg::TableIdent> tables) {
  TableHeads heads;
  for (const std::string pipeline : pipelines) {
    TL_ASSIGN(heads.progress[pipeline], catalog.progress(pipeline));
  }
  for (const auto& ident : tables) heads.tables.push_back(read_head(catalog, io, ident, heads));
  return heads;
}

std::vector<Check> judge_heads(const TableHeads& heads) {
  std::vector<Check> checks;
  for (const auto& [ident, table, agrees] : heads.tables) {
    if (table && agrees) continue;
    const auto& error = table ? agrees.error() : table.error();
    checks.push_back(
        {"table " + to_string(ident), CheckStatus::failed, error.message,
         table ? "see docs/operations.md, \"Head and progress disagree\"" : advice(error)});
  }
  return checks;
}

std::int64_t last_commit_us(const TableHeads& heads, const std::string& pipeline) {
  std::int64_t last_ms = 0;
  for (const auto& head : heads.tables) {
    if (!head.table) continue;
    for (const auto& snapshot : head.table->metadata->snapshots) {
      const auto writer = snapshot.summary.find("tradelake.pipeline");
      if (writer != snapshot.summary.end() && writer->second == pipeline)
        last_ms = std::max(last_ms, snapshot.timestamp_ms);
    }
  }
  return last_ms * us_per_ms;
}

std::int64_t newest_snapshot_us(const TableHeads& heads) {
  std::int64_t newest_ms = 0;
  for (const auto& head : heads.tables) {
    if (!head.table) continue;
    for (const auto& snapshot : head.table->metadata->snapshots)
      newest_ms = std::max(newest_ms, snapshot.timestamp_ms);
  }
  return newest_ms * us_per_ms;
}

}  // namespace tradelake::ops
