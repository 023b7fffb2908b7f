// Where a pipeline stands in the log: how far behind, for how long, and whether what it wants is
// still there.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "log/log_view.h"
#include "ops/check.h"
#include "ops/table_heads.h"

namespace tradelake::ops {

struct PartitionStanding {
  log::TopicPartition where;
  std::int64_t next_offset = 0;  // the first one that is not in the tables
  log::OffsetRange range;        // what the log has
  bool waiting = false;          // that one was appended longer ago than is allowed
};

struct PipelineStanding {
  std::string name;
  std::vector<PartitionStanding> partitions;
  std::vector<std::string> lost;  // "TOPIC partition N was recreated", of progress rows
  bool has_committed = false;
  std::int64_t idle_us = 0;  // since its last commit, or since its tables were made
  std::int64_t stale_after_us = 0;
  bool log_retains_by_time = false;  // whether or not they were read
};

Check judge_pipeline(const PipelineStanding& pipeline);

struct PipelineLook {
  std::int64_t now_us = 0;  // by a clock that is right
  std::int64_t stale_after_us = 0;
  bool log_retains_by_time = false;
  std::vector<std::string> missing_topics;  // told already
};

// `view` is null if there is no log yet.
std::vector<Check> check_pipelines(log::LogView* view, const TableHeads& heads,
                                   const PipelineLook& look);

}  // namespace tradelake::ops
