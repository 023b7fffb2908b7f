// What a job of Spark's says of its commits in the summaries of their snapshots (spark/README.md,
// "Hand-over").
//
// Threads: functions. Does not: judge whether it is true.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bronze/commit_summary.h"
#include "iceberg/progress.h"
#include "iceberg/table_metadata.h"

namespace tradelake::bronze {

// Stands on record for a table whose last commits are a job's: what they are, its head says.
inline constexpr const char* spark_record = "spark";

struct SparkCommit {
  std::string commit_id;
  std::vector<std::string> tables;  // "bronze.trades" …: all that it writes a snapshot to
  // Offset, topic id, greatest trade_time and what is lost, of each partition it has read.
  std::vector<iceberg::ProgressRow> partitions;
};

// Nothing if the table has no snapshot that a job has written under that id.
std::optional<SparkCommit> spark_commit(const iceberg::TableMetadata& table,
                                        const std::string& commit_id);

}  // namespace tradelake::bronze
