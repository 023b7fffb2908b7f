#include "bronze/table_chain.h"

#include <algorithm>
#include <utility>

#include "iceberg/snapshot_lookup.h"

namespace tradelake::bronze {
TableChain::TableChain(iceberg::Table of)
    : table(std::move(of)),
      snapshots(iceberg::ancestors(*table.metadata, table.metadata->current_snapshot_id)),
      kept(snapshots.size()) {
  std::ranges::reverse(snapshots);
}

std::optional<CommitFacts> TableChain::last_commit() const {
  for (auto n = kept; n > 0; --n) {
    if (auto facts = commit_facts(*snapshots[n - 1])) return facts;
  }
  return std::nullopt;
}

void TableChain::add_dropped(std::set<std::string>& dropped) const {
  std::set<std::string> kept_ids;
  for (std::size_t n = 0; n < kept; ++n) {
    if (const auto facts = commit_facts(*snapshots[n])) kept_ids.insert(facts->commit_id);
  }
  for (const auto& snapshot : table.metadata->snapshots) {
    const auto facts = commit_facts(snapshot);
    if (facts && !kept_ids.contains(facts->commit_id)) dropped.insert(facts->commit_id);
  }
}

}  // namespace tradelake::bronze
