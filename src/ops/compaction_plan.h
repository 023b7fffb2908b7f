// Which files of a table are to be merged: the decision alone.
//
// Two kinds. A hot partition's small files are merged, a dozen and more at a time, so that reading
// it does not cost a request per commit. A closed partition (its time is over, nothing comes any
// more) is rewritten once, sorted, at the target size and a higher compression level, and then left
// alone. Threads: pure functions. Invariant: what is planned fits the memory that merging may take.
// Does not: read files; look for delete files (compact() takes out what they delete).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iceberg/table_metadata.h"
#include "ops/live_files.h"

namespace tradelake::ops {

struct CompactionRules {
  std::int64_t target_bytes = std::int64_t{64} << 20;
  std::size_t min_files = 12;               // small ones of a hot partition
  std::int64_t max_age_us = 3'600'000'000;  // or two that have waited for this long
  std::int64_t grace_us = 600'000'000;      // after its end, before a partition is closed
  std::int64_t quiet_us = 60'000'000;       // without a new file, before it is rewritten
  std::int64_t memory_bytes = std::int64_t{64} << 20;  // of the files being merged
};

struct CompactionJob {
  iceberg::SpecId spec_id;
  iceberg::PartitionTuple values;
  bool closing = false;
  std::vector<iceberg::ManifestEntry> inputs;  // in the order of their commits
  std::int64_t rows() const;
  std::int64_t bytes() const;
};

std::vector<CompactionJob> plan_compaction(const iceberg::TableMetadata& metadata,
                                           const std::vector<LivePartition>& partitions,
                                           const CompactionRules& rules, std::int64_t now_us);

// By its name: a file that a closing rewrite has made.
bool is_closed_file(const std::string& path);
std::string closed_file_name(const std::string& uuid);

}  // namespace tradelake::ops
