// Memory that is left for the program, which holds itself to 512 MiB at any lag.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ops/check.h"

namespace tradelake::ops {

struct Memory {
  std::int64_t available_bytes = 0;
  std::string limited_by;  // "the machine", "the control group"
};

Check judge_memory(const Memory& memory);

// "MemAvailable" of /proc/meminfo. Nothing if it is not there.
std::optional<std::int64_t> available_in_meminfo(std::string_view meminfo);
// What is left of a control group's limit, from the texts of its files (version 1 or 2): limit,
// usage, and of its statistics the file cache that can be dropped. Nothing without a limit.
std::optional<std::int64_t> available_in_group(std::string_view limit, std::string_view usage,
                                               std::string_view statistics);

Check check_memory();

}  // namespace tradelake::ops
