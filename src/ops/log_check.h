// The log: is it there, is it sound, has it the declared topics.
//
// Threads: functions. Does not: make topics or files.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/lake_addresses.h"
#include "log/declared_topics.h"
#include "log/log_view.h"
#include "ops/check.h"

namespace tradelake::ops {

struct LogLook {
  std::vector<Check> checks;
  std::shared_ptr<log::LogView> view = nullptr;  // null: it cannot be looked at, or is not there
  bool not_made = false;                         // a local log that the first run will make
  std::vector<std::string> missing_topics = {};  // of those that are declared
};

LogLook look_at_log(const LakeAddresses& lake);

Check judge_topics(std::span<const log::TopicState> topics);

}  // namespace tradelake::ops
