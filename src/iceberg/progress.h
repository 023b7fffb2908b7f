// Where a pipeline stands in the log: rows of the catalog database that change in the same
// transaction as the table pointers (docs/architecture.md, "Exactly once").
//
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tradelake::iceberg {

struct ProgressRow {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next_offset = 0;                   // the first offset that is not yet in the tables
  std::int64_t replay_from = 0;                   // where state is rebuilt from on a restart
  std::string topic_id;                           // a topic that was recreated has another id
  std::int64_t epoch = 0;                         // raised by whoever resolves an unknown outcome
  std::optional<std::int64_t> max_trade_time_us;  // greatest trade_time before next_offset
  // The log has lost records that state would be rebuilt from; none of a later trade_time.
  std::optional<std::int64_t> lost_until_us = {};
};

// The row as the batch found it (nothing: there was none) and as it is to be.
struct ProgressUpdate {
  std::optional<ProgressRow> expected;
  ProgressRow updated;
};

}  // namespace tradelake::iceberg
