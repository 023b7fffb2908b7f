// Carries out a planned merge of data files: the same rows in fewer files, sorted, without those
// that delete files take out.
//
// Threads: one. Invariant: proved before it is committed. Row count and content hash of what is
// read back from the new files are those of the old ones; otherwise nothing is committed. A head
// that moved meanwhile is followed; only if one of the old files is gone from it, or delete files
// came, the merge is given up. Memory: a batch of rows and the deletes per input, and one encoded
// file. Does not: decide what to merge (compaction_plan.h), or delete the old files (expiry does);
// remove delete files, which then apply to older snapshots only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "ops/compaction_plan.h"

namespace tradelake::ops {

struct CompactionOptions {
  std::int64_t target_bytes = std::int64_t{64} << 20;
  int commit_zstd_level = 1;
  int closing_zstd_level = 9;
  // Called every few thousand rows; it may wait. An error gives the merge up.
  std::function<Result<>()> breathe = [] { return Result<>(); };
};

struct Compacted {
  std::int64_t files_in = 0, files_out = 0, rows = 0, bytes_in = 0, bytes_out = 0;
};

// `table` is replaced by its new head. Errors: conflict (others changed what was merged: plan
// anew), corrupt (a file cannot be read, or the proof failed: nothing was committed), cancelled,
// and those of Transaction::commit(). New files of a merge that certainly was not committed are
// removed.
Result<Compacted> compact(iceberg::Catalog& catalog, iceberg::FileIo& io, iceberg::Table& table,
                          const CompactionJob& job, const CompactionOptions& options);

}  // namespace tradelake::ops
