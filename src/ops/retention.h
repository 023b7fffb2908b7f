// Time to live: partitions that are wholly past a table's retention go, by metadata alone.
//
// Threads: functions. Invariant: the cut-off is never ahead of the table's own greatest time, so an
// outage, or a clock that runs ahead, deletes nothing early. Does not: free files; expiry does.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "iceberg/partition_cutoff.h"
#include "ops/live_files.h"

namespace tradelake::ops {

// By the manifest list alone: false where no partition can be past its retention, which is so at
// nearly every look. Errors: those of reading the list.
Result<bool> may_have_expired(const iceberg::TableMetadata& metadata, iceberg::FileIo& io,
                              std::int64_t retention_us, std::int64_t now_us);

// Nothing: no partition is to go.
struct Expired {
  iceberg::PartitionCutoff cutoff;
  std::int64_t partitions = 0, files = 0, rows = 0, bytes = 0;
};
std::optional<Expired> expired_partitions(const iceberg::TableMetadata& metadata,
                                          const std::vector<LivePartition>& partitions,
                                          std::int64_t retention_us, std::int64_t now_us);

}  // namespace tradelake::ops
