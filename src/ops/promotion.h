// Which files have to be written again so that old rows, too, have their promoted columns
// (iceberg/promoted_fields.h): the decision alone; compact() carries it out.
//
// Threads: pure function. Invariant: comes to rest: a file that was written again has the column in
// its metrics. Does not: look for delete files.
#pragma once

#include <vector>

#include "ops/compaction_plan.h"

namespace tradelake::ops {

std::vector<CompactionJob> plan_promotion(const iceberg::TableMetadata& metadata,
                                          const std::vector<LivePartition>& partitions);

}  // namespace tradelake::ops
