// What a pipeline writes into the snapshot summaries of its commits, and reads back on start.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bronze/positions.h"
#include "core/error.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

struct CommitCounts {
  std::int64_t in = 0;        // trades, and bad frames as one each
  std::int64_t ok = 0;        // rows of the primary table, or taken into candles
  std::int64_t dead = 0;      // dead letters
  std::int64_t filtered = 0;  // repeats
  std::int64_t error() const { return in - ok - dead - filtered; }  // must be 0
  CommitCounts& operator+=(const CommitCounts& other);
};

std::string new_commit_id();

// The tag that keeps the last commit of a pipeline in each of its tables from expiry by anybody: it
// carries the offsets that the next start is checked against.
std::string progress_tag(const std::string& pipeline);

std::map<std::string, std::string> commit_summary(const std::string& pipeline,
                                                  const std::string& commit_id,
                                                  const Positions& positions,
                                                  const CommitCounts& counts);

// The nearest ancestor of the table's head that one of our pipelines wrote must carry the commit-id
// that the catalog has on record. Errors: corrupt, with the repair command.
Result<> check_head(const iceberg::Table& table, const std::string& pipeline,
                    const std::optional<std::string>& commit_id_on_record);

}  // namespace tradelake::bronze
