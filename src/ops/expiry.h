// Forgets a table's old snapshots and frees what only they led to.
//
// Threads: one per table. Invariant: files go only after the commit that made them unreachable is
// known to stand; what then cannot be removed is an orphan.
#pragma once

#include <cstdint>

#include "iceberg/catalog.h"
#include "iceberg/expire_snapshots.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"

namespace tradelake::ops {

struct ExpiredSnapshots {
  std::int64_t snapshots = 0, files = 0;
};

// `table` is replaced by its new head. Errors: those of expire_snapshots() and
// Transaction::commit().
Result<ExpiredSnapshots> expire(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                iceberg::Table& table, const iceberg::ExpiryPolicy& policy,
                                iceberg::ReachableFiles& reachable);

}  // namespace tradelake::ops
