#include "bronze/rollback.h"

#include <algorithm>
#include <limits>
#include <list>
#include <set>

#include "bronze/commit_summary.h"
#include "bronze/log_window.h"
#include "bronze/table_chain.h"
#include "bronze/take_over.h"
#include "iceberg/ref_update.h"
#include "iceberg/transaction.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

bool reaches_no_further(const log::NextOffsets& a, const log::NextOffsets& b) {
  return std::ranges::all_of(a, [&](const auto& entry) {
    const auto other = b.find(entry.first);
    return other != b.end() && entry.second <= other->second;
  });
}

// Whether another table's snapshot is of the time of `to`, whose last commit is `at`, or before.
bool is_before(const iceberg::Snapshot& snapshot, const iceberg::Snapshot& to,
               const std::optional<CommitFacts>& at) {
  if (const auto facts = commit_facts(snapshot); facts && at) {
    if (facts->commit_id == at->commit_id) return true;
    const bool no_further = reaches_no_further(facts->offsets, at->offsets);
    const bool no_less = reaches_no_further(at->offsets, facts->offsets);
    if (no_further != no_less) return no_further;
  }
  return snapshot.timestamp_ms <= to.timestamp_ms;
}

// Each table up to its last snapshot of that time; then, as long as a commit is left in one table
// and gone from another, it goes from all.
Result<> cut(std::vector<TableChain>& chains, std::size_t named) {
  const auto wanted = chains[named].kept;
  const auto& to = *chains[named].snapshots[wanted - 1];
  const auto at = chains[named].last_commit();
  for (std::size_t n = 0; n < chains.size(); ++n) {
    auto& chain = chains[n];
    if (n == named) continue;
    chain.kept = 0;
    for (std::size_t i = 0; i < chain.snapshots.size(); ++i) {
      if (is_before(*chain.snapshots[i], to, at)) chain.kept = i + 1;
    }
  }
  for (bool again = true; again;) {
    again = false;
    std::set<std::string> dropped;
    for (const auto& chain : chains) chain.add_dropped(dropped);
    for (auto& chain : chains) {
      for (std::size_t i = 0; i < chain.kept; ++i) {
        const auto facts = commit_facts(*chain.snapshots[i]);
        if (!facts || !dropped.contains(facts->commit_id)) continue;
        chain.kept = i;
        again = true;
      }
    }
  }
  if (chains[named].kept == wanted) return {};
  return make_error(Errc::invalid_argument,
                    "snapshot {} of {} holds a commit that another table of the pipeline no longer "
                    "has; allowed is an earlier one",
                    to.id.value, to_string(chains[named].table.ident));
}

Result<> check_no_repair(const std::vector<TableChain>& chains) {
  for (const auto& chain : chains) {
    for (std::size_t i = chain.kept; i < chain.snapshots.size(); ++i) {
      const auto facts = commit_facts(*chain.snapshots[i]);
      if (!facts || !facts->is_repair) continue;
      return make_error(Errc::unsupported,
                        "commit {} of {} took the pipeline to another log; what was committed "
                        "before cannot be read again from this one",
                        facts->commit_id, to_string(chain.table.ident));
    }
  }
  return {};
}

Result<std::vector<TableChain>> chains_of(const Lake& lake, const std::string& pipeline) {
  TL_ASSIGN(const auto written, lake.catalog.table_commits(pipeline));
  std::vector<TableChain> chains;
  for (const auto& commit : written) {
    TL_ASSIGN(auto table, iceberg::load_table(lake.catalog, lake.io, commit.table));
    chains.emplace_back(std::move(table));
  }
  return chains;
}

}  // namespace

bool TableRollback::moves() const {
  return table.metadata->current_snapshot() != to;
}

bool Rollback::moves() const {
  return std::ranges::any_of(tables, &TableRollback::moves) ||
         std::ranges::any_of(progress, [](const iceberg::ProgressUpdate& update) {
           return update.expected->next_offset != update.updated.next_offset;
         });
}

Result<std::optional<std::string>> pipeline_of(iceberg::Catalog& catalog,
                                               std::span<const std::string> pipelines,
                                               const iceberg::TableIdent& table) {
  for (const auto& pipeline : pipelines) {
    TL_ASSIGN(const auto written, catalog.table_commits(pipeline));
    if (std::ranges::find(written, table, &iceberg::TableCommit::table) != written.end())
      return std::optional(pipeline);
  }
  return std::optional<std::string>{};
}

Result<Rollback> plan_rollback(const Lake& lake, const std::string& pipeline,
                               const iceberg::TableIdent& table, iceberg::SnapshotId to,
                               std::int64_t grace_us) {
  TL_TRY(check_not_sparks(lake.catalog, pipeline));
  TL_ASSIGN(auto chains, chains_of(lake, pipeline));
  std::size_t named = 0;
  while (named < chains.size() && chains[named].table.ident != table) ++named;
  if (named == chains.size()) {
    return make_error(Errc::invalid_argument, "pipeline {} does not write to {}", pipeline,
                      to_string(table));
  }
  auto& chain = chains[named];
  const auto found = std::ranges::find(chain.snapshots, to, &iceberg::Snapshot::id);
  if (found == chain.snapshots.end()) {
    return make_error(Errc::invalid_argument,
                      "snapshot {} is not an ancestor of the current one of {}; allowed are those "
                      "that `tradelake table history` shows as such",
                      to.value, to_string(table));
  }
  chain.kept = static_cast<std::size_t>(found - chain.snapshots.begin()) + 1;
  TL_TRY(cut(chains, named));
  TL_TRY(check_no_repair(chains));

  Rollback plan{pipeline, {}, {}};
  log::NextOffsets offsets;
  std::optional<std::int64_t> greatest;
  for (auto& one : chains) {
    TableRollback back{std::move(one.table), nullptr, nullptr, no_commit};
    if (one.kept > 0) back.to = one.snapshots[one.kept - 1];
    if (const auto last = one.last_commit()) {
      back.last_commit = last->snapshot;
      back.commit_id = last->commit_id;
      greatest = std::max(greatest, last->max_trade_time_us);
      for (const auto& [where, next] : last->offsets)
        offsets[where] = std::max(offsets[where], next);
    }
    plan.tables.push_back(std::move(back));
  }
  TL_ASSIGN(const auto rows, lake.catalog.progress(pipeline));
  TL_TRY(lake.log.ensure_topics(log::frame_topics()));  // a log in Kafka knows those alone
  TL_ASSIGN(plan.progress, rows_at(lake.log, pipeline, rows, offsets, greatest, grace_us));
  return plan;
}

Result<> roll_back(const Lake& lake, const Rollback& plan) {
  iceberg::Transaction transaction(lake.catalog, lake.io);
  std::list<iceberg::Table> tables;  // keeps its elements in place
  transaction.set_progress(plan.pipeline, "", plan.progress);
  for (const auto& back : plan.tables) {
    auto& table = tables.emplace_back(back.table);
    transaction.add(table, iceberg::roll_back_to(back.to == nullptr ? std::nullopt
                                                                    : std::optional(back.to->id)));
    const auto tag = commit_tag(plan.pipeline);
    if (back.last_commit != nullptr) {
      transaction.add(table, iceberg::set_tag(tag, back.last_commit->id,
                                              std::numeric_limits<std::int64_t>::max()));
    } else if (table.metadata->refs.contains(tag)) {
      transaction.add(table, iceberg::remove_tag(tag));
    }
    transaction.set_commit_id(table.ident, back.commit_id);
  }
  // Once: on other heads the plan would be another.
  return transaction.commit(/*max_attempts=*/1);
}

}  // namespace tradelake::bronze
