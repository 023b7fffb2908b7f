#include "log/lag.h"

#include <algorithm>

namespace tradelake::log {

std::int64_t records_ahead(const LogRanges& log, const NextOffsets& consumed) {
  std::int64_t ahead = 0;
  for (const auto& [where, offset] : consumed) {
    const auto range = log.find(where);
    if (range != log.end()) ahead += std::max<std::int64_t>(0, range->second.end - offset);
  }
  return ahead;
}

bool reaches_the_end(const LogRanges& log, const NextOffsets& committed) {
  return std::ranges::all_of(committed, [&](const auto& entry) {
    const auto range = log.find(entry.first);
    return range == log.end() || entry.second >= range->second.end;
  });
}

}  // namespace tradelake::log
