#include "log/coverage_records.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "core/time.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;

// A record per connection and second: minutes, even of the hundreds of connections of all markets.
constexpr std::int64_t look_back = 50'000;
constexpr auto patience = 10s;

}  // namespace

Result<CoveredUntil> read_covered_until(Log& log) {
  TL_ASSIGN(const auto offsets, log.offsets());
  std::map<TopicPartition, std::int64_t> from, end;
  for (const auto& [where, range] : offsets) {
    if (where.topic != coverage_topic || range.end <= range.start) continue;
    from[where] = std::max(range.start, range.end - look_back);
    end[where] = range.end;
  }
  CoveredUntil covered;
  if (from.empty()) return covered;
  TL_ASSIGN(const auto reader, log.reader());
  reader->assign(from);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!end.empty()) {
    TL_ASSIGN(const auto chunk, reader->poll(100ms));
    for (const auto& record : chunk.records) {
      std::int64_t until_us = 0;
      const auto& text = record.value;
      std::from_chars(text.data(), text.data() + text.size(), until_us);
      auto& known = covered[std::string(record.key)];
      known = std::max(known, until_us);
    }
    if (const auto reached = end.find(chunk.where);
        reached != end.end() && chunk.next_offset >= reached->second)
      end.erase(reached);
    if (!end.empty() && std::chrono::steady_clock::now() > deadline)
      return make_error(Errc::unavailable, "{} was not read within 10 s", coverage_topic);
  }
  return covered;
}

CoverageRecords covered_records(const CoveredUntil& covered) {
  CoverageRecords made;
  for (const auto& [conn, until_us] : covered) {
    NewRecord record;
    record.topic = coverage_topic;
    record.key = conn;
    record.headers.recv_ns = now_ns();
    record.headers.conn = conn;
    record.value = made.texts.emplace_back(fmt::to_string(until_us));
    made.records.push_back(record);
  }
  return made;
}

CoverageRecords gap_records(std::span<const MarketGap> gaps) {
  CoverageRecords made;
  for (const auto& [category, symbol, conn, gap] : gaps) {
    NewRecord record;
    record.topic = made.texts.emplace_back(topic_name(to_string(category), trade_stream));
    record.key = symbol;
    record.headers.recv_ns = now_ns();
    record.headers.category = to_string(category);
    record.headers.conn = conn;
    record.headers.kind = RecordKind::gap;
    record.value = made.texts.emplace_back(gap_to_json(gap));
    made.records.push_back(record);
  }
  return made;
}

}  // namespace tradelake::log
