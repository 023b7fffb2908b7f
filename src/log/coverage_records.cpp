#include "log/coverage_records.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "core/time.h"
#include "log/last_records.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

// A record per connection and second: minutes, even of the hundreds of connections of all markets.
constexpr std::int64_t look_back = 50'000;
constexpr std::chrono::seconds patience{10};

}  // namespace

Result<CoveredUntil> read_covered_until(Log& log) {
  TL_ASSIGN(auto ranges, log.offsets());
  std::erase_if(ranges, [](const auto& entry) { return entry.first.topic != coverage_topic; });
  CoveredUntil covered;
  TL_TRY(read_last(log, ranges, look_back, patience, [&](const Chunk& chunk) {
    for (const auto& record : chunk.records) {
      std::int64_t until_us = 0;
      const auto& text = record.value;
      std::from_chars(text.data(), text.data() + text.size(), until_us);
      auto& known = covered[std::string(record.key)];
      known = std::max(known, until_us);
    }
  }));
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
