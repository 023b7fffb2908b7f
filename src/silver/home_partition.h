// The partition of the log that a market's key belongs to.
//
// Threads: a function. Does not: know markets whose trades come under another symbol's topic.
#pragma once

#include "bybit/topic.h"
#include "log/log.h"
#include "log/topic.h"

namespace tradelake::silver {

inline log::TopicPartition home_partition(bybit::Category category, std::string_view symbol) {
  return {log::topic_name(to_string(category), log::trade_stream),
          log::partition_of(bybit::topic_key(category, symbol))};
}

}  // namespace tradelake::silver
