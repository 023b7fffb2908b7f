#include "log/end_markers.h"

#include <algorithm>

#include "log/last_records.h"

namespace tradelake::log {
namespace {

// In Kafka a last record can have a few transaction markers behind it.
constexpr std::int64_t look_back = 8;
constexpr std::chrono::seconds patience{5};

}  // namespace

Result<bool> ends_with_markers(Log& log, const std::map<TopicPartition, OffsetRange>& ranges) {
  std::map<TopicPartition, RecordKind> last;
  TL_TRY(read_last(log, ranges, look_back, patience, [&](const Chunk& chunk) {
    if (!chunk.records.empty()) last[chunk.where] = chunk.records.back().headers.kind;
  }));
  return std::ranges::all_of(
      last, [](const auto& entry) { return entry.second == RecordKind::end_marker; });
}

}  // namespace tradelake::log
