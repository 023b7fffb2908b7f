// How a table is: age of its last commit, snapshots, data files and how many of them are small, and
// whether files that it refers to are there.
//
// Threads: functions. Invariant: the newest manifests come first, and time that is up ends the
// counting, not the check. Does not: read rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "ops/check.h"
#include "ops/table_heads.h"

namespace tradelake::ops {

inline constexpr std::int64_t small_file_bytes = std::int64_t{1} << 20;

struct TableCensus {
  std::int64_t snapshots = 0;
  std::int64_t last_snapshot_age_us = 0;
  std::int64_t files = 0, bytes = 0;
  std::int64_t small_files = 0;
  std::int64_t most_small_in_a_partition = 0;
  std::int64_t looked_at = 0;           // files of the sample
  std::vector<std::string> wrong = {};  // "… is missing", "… has 12 bytes, not 40"
  bool all_counted = true;              // time sufficed for all manifests
};

Check judge_table(const std::string& name, const TableCensus& census);

// Those of the heads that could be loaded, one check each; `now_us` is by a clock that is right.
std::vector<Check> check_tables(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                const TableHeads& heads, std::int64_t now_us,
                                std::chrono::steady_clock::time_point deadline);

}  // namespace tradelake::ops
