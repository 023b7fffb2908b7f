#include "log/last_records.h"

#include <algorithm>

namespace tradelake::log {

Result<> read_last(Log& log, const LogRanges& ranges, std::int64_t look_back,
                   std::chrono::seconds patience, const std::function<void(const Chunk&)>& see) {
  using namespace std::chrono_literals;
  std::map<TopicPartition, std::int64_t> from;
  for (const auto& [where, range] : ranges) {
    if (range.end > range.start) from[where] = std::max(range.start, range.end - look_back);
  }
  if (from.empty()) return {};
  TL_ASSIGN(const auto reader, log.reader());
  reader->assign(from);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!from.empty()) {
    TL_ASSIGN(const auto chunk, reader->poll(100ms));
    if (std::chrono::steady_clock::now() > deadline) {
      return make_error(Errc::unavailable, "the log's last records were not read within {} s",
                        patience.count());
    }
    if (chunk.where.topic.empty()) continue;
    see(chunk);
    if (chunk.next_offset >= ranges.at(chunk.where).end) from.erase(chunk.where);
  }
  return {};
}

}  // namespace tradelake::log
