// How much of the last day's data was bad, and why.
//
// Threads: functions. Does not: show payloads (`tradelake table scan bronze.dead_letters` does).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "iceberg/file_io.h"
#include "ops/check.h"
#include "ops/table_heads.h"

namespace tradelake::ops {

struct DeadLetterShare {
  std::int64_t in = 0;                                 // trades, and bad frames as one each
  std::int64_t dead = 0;                               // of these
  std::map<std::string, std::int64_t> by_reason = {};  // of the newest; empty: not looked at
};

Check judge_dead_letters(const DeadLetterShare& share);

// What the commits of bronze since then say of themselves, each once.
DeadLetterShare share_since(const TableHeads& heads, std::int64_t since_us);

Check check_dead_letters(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                         std::chrono::steady_clock::time_point deadline);

}  // namespace tradelake::ops
