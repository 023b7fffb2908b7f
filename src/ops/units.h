// Sizes and times as people read them.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <string>

namespace tradelake::ops {

// "512 B", "1.5 MiB", "69.1 GiB"
std::string bytes_text(std::int64_t bytes);
// "0.8 ms", "12 ms", "3.2 s", "4 min", "5 h", "12 days"; without sign
std::string time_text(std::int64_t us);

}  // namespace tradelake::ops
