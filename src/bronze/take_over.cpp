#include "bronze/take_over.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include <spdlog/spdlog.h>

#include "bronze/log_window.h"
#include "bronze/rollback.h"
#include "bronze/spark_commit.h"
#include "bronze/table_chain.h"

namespace tradelake::bronze {
namespace {

constexpr int max_looks = 5;  // at heads that others move

enum class Writer { program, spark, nobody };

Writer last_writer(const TableChain& chain, std::span<const iceberg::TableCommit> on_record) {
  const auto record = std::ranges::find(on_record, chain.table.ident, &iceberg::TableCommit::table);
  if (record != on_record.end())
    return record->commit_id == spark_record ? Writer::spark : Writer::program;
  const auto last = chain.last_commit();
  if (!last) return Writer::nobody;
  return spark_commit(*chain.table.metadata, last->commit_id) ? Writer::spark : Writer::program;
}

bool has(const std::vector<TableChain>& chains, const std::string& table,
         const std::string& commit_id) {
  return std::ranges::any_of(chains, [&](const TableChain& chain) {
    return to_string(chain.table.ident) == table &&
           std::ranges::any_of(chain.table.metadata->snapshots, [&](const auto& snapshot) {
             const auto facts = commit_facts(snapshot);
             return facts && facts->commit_id == commit_id;
           });
  });
}

// Of the last commits, those that are missing in a table that they were to write to.
std::set<std::string> unfinished(const std::vector<TableChain>& chains) {
  std::set<std::string> ids;
  for (const auto& chain : chains) {
    const auto last = chain.last_commit();
    if (!last) continue;
    const auto commit = spark_commit(*chain.table.metadata, last->commit_id);
    if (commit && !std::ranges::all_of(commit->tables, [&](const std::string& table) {
          return has(chains, table, commit->commit_id);
        }))
      ids.insert(commit->commit_id);
  }
  return ids;
}

Result<> undo(const std::set<std::string>& ids, TableChain& chain) {
  const auto is_one = [&](const iceberg::Snapshot* snapshot) {
    const auto facts = commit_facts(*snapshot);
    return facts && ids.contains(facts->commit_id);
  };
  const auto first = std::ranges::find_if(chain.snapshots, is_one);
  const auto others = std::find_if_not(first, chain.snapshots.end(), is_one);
  if (others != chain.snapshots.end()) {
    return make_error(Errc::unsupported,
                      "a job of Spark's has not ended its last commit, and snapshot {} of {} was "
                      "made by others since; start the job once more (--once), so that it ends it",
                      (*others)->id.value, to_string(chain.table.ident));
  }
  chain.kept = static_cast<std::size_t>(first - chain.snapshots.begin());
  return {};
}

const iceberg::ProgressRow* find(std::span<const iceberg::ProgressRow> rows,
                                 const iceberg::ProgressRow& like) {
  const auto found = std::ranges::find_if(rows, [&](const iceberg::ProgressRow& row) {
    return row.topic == like.topic && row.partition == like.partition;
  });
  return found == rows.end() ? nullptr : &*found;
}

// Where the primary table's last commit says that the pipeline is. A job's: as its summary says, of
// the partitions that it has read. The program's own: as the rows say, for the job has not begun.
Result<std::vector<iceberg::ProgressUpdate>> progress_by(const TableChain& primary,
                                                         const Lake& lake,
                                                         const std::string& pipeline,
                                                         std::int64_t grace_us) {
  TL_ASSIGN(const auto rows, lake.catalog.progress(pipeline));
  const auto last = primary.last_commit();
  const auto commit = last ? spark_commit(*primary.table.metadata, last->commit_id) : std::nullopt;
  auto reached = commit ? commit->partitions : std::vector<iceberg::ProgressRow>();
  log::NextOffsets offsets;
  for (auto& row : reached) {
    offsets[{row.topic, row.partition}] = row.next_offset;
    const auto* before = find(rows, row);
    if (before == nullptr) continue;
    row.epoch = before->epoch;
    row.lost_until_us = std::max(row.lost_until_us, before->lost_until_us);
  }
  TL_ASSIGN(auto updates, rows_at(lake.log, pipeline, reached, offsets,
                                  last ? last->max_trade_time_us : std::nullopt, grace_us));
  for (auto& update : updates) {
    // What retention has taken from the log the job has seen.
    update.updated.max_trade_time_us =
        std::max(update.updated.max_trade_time_us, update.expected->max_trade_time_us);
    const auto* before = find(rows, *update.expected);
    update.expected = before == nullptr ? std::nullopt : std::optional(*before);
  }
  for (const auto& row : rows) {
    if (find(reached, row) != nullptr) continue;
    updates.push_back({row, row});
    ++updates.back().updated.epoch;
  }
  return updates;
}

// Nothing if no table is a job's.
Result<std::optional<Rollback>> plan(const Lake& lake, const std::string& pipeline,
                                     std::span<iceberg::Table* const> tables,
                                     std::int64_t grace_us) {
  TL_ASSIGN(const auto on_record, lake.catalog.table_commits(pipeline));
  std::vector<TableChain> chains;
  for (const auto* table : tables) {
    TL_ASSIGN(auto loaded, iceberg::load_table(lake.catalog, lake.io, table->ident));
    chains.emplace_back(std::move(loaded));
  }
  const auto written_by = [&](Writer writer) {
    return [&, writer](const TableChain& chain) { return last_writer(chain, on_record) == writer; };
  };
  if (std::ranges::none_of(chains, written_by(Writer::spark))) return std::nullopt;
  // What nobody has written to a job may have been about to.
  std::erase_if(chains, written_by(Writer::program));
  if (chains.front().table.ident != tables.front()->ident) {
    return make_error(Errc::corrupt,
                      "pipeline {}: {} was written last by a job of Spark's, {} by the program; "
                      "start that job once more (--once), so that it takes over both",
                      pipeline, to_string(chains.front().table.ident),
                      to_string(tables.front()->ident));
  }
  if (const auto ids = unfinished(chains); !ids.empty()) {
    for (auto& chain : chains) TL_TRY(undo(ids, chain));
  }
  Rollback plan{pipeline, {}, {}};
  TL_ASSIGN(plan.progress, progress_by(chains.front(), lake, pipeline, grace_us));
  for (auto& chain : chains) {
    const auto last = chain.last_commit();
    const auto* head = chain.head();
    plan.tables.push_back({std::move(chain.table), head, last ? last->snapshot : nullptr,
                           last ? last->commit_id : no_commit});
  }
  return plan;
}

}  // namespace

Result<> check_not_sparks(iceberg::Catalog& catalog, const std::string& pipeline) {
  TL_ASSIGN(const auto on_record, catalog.table_commits(pipeline));
  if (std::ranges::none_of(on_record, [](const iceberg::TableCommit& commit) {
        return commit.commit_id == spark_record;
      }))
    return {};
  return make_error(Errc::unsupported,
                    "pipeline {}: a job of Spark's has written its tables last; start tradelake "
                    "{} first, which takes them over (docs/operations.md, \"Spark\")",
                    pipeline, pipeline == "silver" ? "candles" : "sink");
}

Result<bool> take_over_from_spark(const Lake& lake, const std::string& pipeline,
                                  std::span<iceberg::Table* const> tables, std::int64_t grace_us) {
  for (int look = 1;; ++look) {
    TL_ASSIGN(const auto planned, plan(lake, pipeline, tables, grace_us));
    if (!planned) return look > 1;  // another process of this pipeline was faster
    const auto done = roll_back(lake, *planned);
    if (done) {
      spdlog::info("event=taken_over pipeline={} from=spark tables={} undone={}", pipeline,
                   planned->tables.size(),
                   std::ranges::count_if(planned->tables, &TableRollback::moves));
      return true;
    }
    const bool moved = done.error().code == Errc::conflict || done.error().code == Errc::fenced;
    if (!moved || look == max_looks) return std::unexpected(done.error());
  }
}

}  // namespace tradelake::bronze
