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

struct ExpectedCandle {
  std::string text;
  Place first_trade;  // in the order of the log
};

// Every interval that is a table.
struct Interval {
  std::string name;
  std::int64_t step_ms = 0;
};
inline const std::vector<Interval> intervals{
    {"1m", 60'000}, {"5m", 300'000}, {"1h", 3'600'000}, {"4h", 14'400'000}, {"1d", 86'400'000}};

// What a partition has come to with the record at an offset.
struct Reached {
  std::int64_t offset = 0;
  std::int64_t greatest_ms = 0;
  bool end_marker = false;
};

struct Expected {
  Rows trades, dead_letters, late_trades, gaps, klines;
  std::map<std::string, std::map<CandleKey, ExpectedCandle>> candles;  // by interval
  std::map<log::TopicPartition, std::vector<Reached>> course;
  std::map<log::TopicPartition, std::int64_t> ends;  // of partitions that have records
  std::vector<std::string> findings;  // of the log itself: frames that it lacks, or has twice
};

inline constexpr std::int64_t lateness_ms = 2'000;

Expected expect(World& world, std::int64_t grace_ms);

}  // namespace tradelake::faults
