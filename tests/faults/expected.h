// What the tables must hold, worked out from the records of the log and what the input says of its
// frames: a second statement of the rules that shares no code with the pipelines.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "faults/world.h"

namespace tradelake::faults {

struct Place {
  log::TopicPartition where;
  std::int64_t offset = 0;
  std::int64_t index = -1;  // -1: the whole frame
  friend auto operator<=>(const Place&, const Place&) = default;
};
std::string to_string(const Place& place);

// All that matters of a row, in one text.
using Rows = std::map<Place, std::string>;
using CandleKey = std::tuple<std::string, std::string, std::int64_t>;  // category, symbol, open ms

struct Expected {
  Rows trades, dead_letters, late_trades, gaps;
  std::map<CandleKey, std::string> candles;
  std::map<log::TopicPartition, std::int64_t> ends;  // of partitions that have records
  std::vector<std::string> findings;  // of the log itself: frames that it lacks, or has twice
};

Expected expect(World& world, std::int64_t grace_ms);

}  // namespace tradelake::faults
