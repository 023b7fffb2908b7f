// Room on the disks that the lake writes to, and whether it may write there.
//
// Threads: functions; what they write they remove again. Does not: look at buckets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "ops/check.h"

namespace tradelake::ops {

// A folder and what the lake keeps in it.
struct Place {
  std::filesystem::path folder;
  std::string what;       // "log"
  bool writable = false;  // somebody else's affair if not
};

struct DiskSpace {
  std::string where;  // a folder on it
  std::string holds;  // "log, catalog"
  std::int64_t free_bytes = 0, total_bytes = 0;
  std::int64_t free_files = 0, total_files = 0;  // total 0: without such a limit
};

// A share of the disk counts only up to a size: ten percent of a large one is room enough.
Check judge_space(const DiskSpace& disk);

// The file system that the folder is on, or will be made on.
Result<DiskSpace> space_of(const std::filesystem::path& folder);

// One check per file system, and one per folder that cannot be written.
std::vector<Check> check_disks(const std::vector<Place>& places);

}  // namespace tradelake::ops
