// Rows of the local log's file that its writers, readers and viewers all look at.
//
// Threads: those of the database. Internal to src/log.
#pragma once

#include <cstdint>
#include <vector>

#include "core/sqlite.h"
#include "log/lag.h"

namespace tradelake::log {

struct TopicRow {
  std::int64_t topic;  // its number in the file
  TopicInfo info;
};

Result<std::vector<TopicRow>> read_topics(Database& database);
Result<std::vector<TopicInfo>> read_topic_infos(Database& database);
Result<LogRanges> read_offsets(Database& database);

}  // namespace tradelake::log
