// The ranges of partition values of one manifest, for its entry in the manifest list.
//
// Threads: one at a time. Bounds never are NaN; a range is that of all entries, DELETED ones too.
#pragma once

#include <vector>

#include "iceberg/manifest.h"

namespace tradelake::iceberg {

// `types` are partition_types() of the entries' spec.
std::vector<FieldSummary> summarize_partitions(const std::vector<TypePtr>& types,
                                               const std::vector<ManifestEntry>& entries);

}  // namespace tradelake::iceberg
