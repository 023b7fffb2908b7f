#include "log/end_markers.h"

#include <algorithm>

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;

// In Kafka a last record can have a few transaction markers behind it.
constexpr std::int64_t look_back = 8;
constexpr auto patience = 5s;

}  // namespace

Result<bool> ends_with_markers(Log& log, const std::map<TopicPartition, OffsetRange>& ranges) {
  std::map<TopicPartition, std::int64_t> from;
  for (const auto& [where, range] : ranges) {
    if (range.end > range.start) from[where] = std::max(range.start, range.end - look_back);
  }
  TL_ASSIGN(const auto reader, log.reader());
  reader->assign(from);
  std::map<TopicPartition, RecordKind> last;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!from.empty()) {
    TL_ASSIGN(const auto chunk, reader->poll(100ms));
    if (std::chrono::steady_clock::now() > deadline) {
      return make_error(Errc::unavailable, "the log's last records were not read within 5 s");
    }
    if (chunk.where.topic.empty()) continue;
    if (!chunk.records.empty()) last[chunk.where] = chunk.records.back().headers.kind;
    if (chunk.next_offset >= ranges.at(chunk.where).end) from.erase(chunk.where);
  }
  return std::ranges::all_of(
      last, [](const auto& entry) { return entry.second == RecordKind::end_marker; });
}

}  // namespace tradelake::log
