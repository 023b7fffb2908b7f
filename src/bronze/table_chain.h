// A pipeline's table as the row of its snapshots, of which the last may have to go.
//
// Threads: values. Invariant: the snapshots are those of `table`, which lives as long. Does not:
// change a table.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bronze/commit_summary.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

// A table's snapshots up to its head, oldest first, and how many of them are to stay: all, at
// first.
struct TableChain {
  explicit TableChain(iceberg::Table of);

  iceberg::Table table;
  std::vector<const iceberg::Snapshot*> snapshots;
  std::size_t kept = 0;

  // Of those that stay.
  const iceberg::Snapshot* head() const { return kept == 0 ? nullptr : snapshots[kept - 1]; }
  std::optional<CommitFacts> last_commit() const;
  // Of all commits that were ever in the table: those that will not be.
  void add_dropped(std::set<std::string>& dropped) const;
};

}  // namespace tradelake::bronze
