// Files in a table's folder that no snapshot refers to: left by commits that did not take place.
//
// Threads: functions. Does not: remove any, or count what is younger than three days, which may be
// a commit under way.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "iceberg/file_io.h"
#include "ops/check.h"
#include "ops/table_heads.h"

namespace tradelake::ops {

inline constexpr std::int64_t orphan_age_us = 3 * 86'400'000'000;

struct Orphans {
  std::int64_t files = 0, bytes = 0;
};

// Of the listed files those that are old enough and not referred to.
Orphans count_orphans(std::span<const iceberg::FileStatus> listed,
                      const std::set<std::string>& referred, std::int64_t now_us);

// Information, one check for all tables.
Check check_orphans(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                    std::chrono::steady_clock::time_point deadline);

}  // namespace tradelake::ops
