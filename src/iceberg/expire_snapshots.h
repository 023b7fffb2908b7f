// Forgets old snapshots («Snapshot Retention Policy»), so that metadata.json stays small and files
// that no snapshot needs any more can go.
//
// Threads: functions and actions, one at a time. Invariants: main's head stays, and every snapshot
// that a tag or branch needs; what is to be deleted has been worked out before the commit.
// Does not: delete files; the caller does, once the commit is known to stand.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "iceberg/action.h"
#include "iceberg/reachable_files.h"

namespace tradelake::iceberg {

// The table's properties history.expire.max-snapshot-age-ms, .min-snapshots-to-keep and
// .max-ref-age-ms, and those of a ref, come before these.
struct ExpiryPolicy {
  std::int64_t now_ms = 0;
  std::int64_t max_age_ms = 0;  // a branch keeps its snapshots that are younger
  std::int64_t min_count = 1;   // but at least so many of the newest
  // And at most so many, whatever their age: a metadata.json that holds all is written at each
  // commit.
  std::int64_t max_count = std::numeric_limits<std::int64_t>::max();
};

// The metadata without what the policy lets go: snapshots, and refs (never main) past their age.
// Where nothing goes, it has as many snapshots and refs as before.
TableMetadata without_expired(const TableMetadata& metadata, const ExpiryPolicy& policy);

// How many snapshots would go; 0 also where gc.enabled=false forbids it.
std::size_t count_expired(const TableMetadata& metadata, const ExpiryPolicy& policy);

// The action; after the commit `garbage` has the files that nothing leads to any more.
// Errors of apply(): invalid_argument (gc.enabled=false), those of unreachable_files().
std::unique_ptr<Action> expire_snapshots(ExpiryPolicy policy, ReachableFiles& reachable,
                                         std::shared_ptr<std::vector<std::string>> garbage);

}  // namespace tradelake::iceberg
