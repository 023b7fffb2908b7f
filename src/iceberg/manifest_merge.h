// Which manifests of a table are to be merged: the decision alone, as Java's ManifestMergeManager
// takes it.
//
// Threads: pure functions. Does not: read or write anything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tradelake::iceberg {

struct MergePolicy {
  bool enabled = true;
  std::int64_t target_bytes = 8 << 20;
  std::size_t min_count = 100;
};

// From the table's properties commit.manifest-merge.enabled, commit.manifest.target-size-bytes and
// commit.manifest.min-count-to-merge; what does not parse counts as not set.
MergePolicy merge_policy(const std::map<std::string, std::string>& properties);

// Groups the manifests of one partition spec, the newest first, into bins, in the same order. A bin
// of one is kept as it is, a larger one becomes one manifest. The bin that holds the newest is left
// alone until it has `min_count`, so that most commits write no more than their own entries.
std::vector<std::vector<std::size_t>> merge_bins(const std::vector<std::int64_t>& sizes,
                                                 const MergePolicy& policy);

}  // namespace tradelake::iceberg
