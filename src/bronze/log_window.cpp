#include "bronze/log_window.h"

#include <algorithm>
#include <chrono>

#include "bronze/frame_parser.h"
#include "bronze/kline_parser.h"
#include "bronze/log_fit.h"
#include "bronze/positions.h"
#include "core/time.h"
#include "log/gap_record.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

constexpr std::chrono::milliseconds poll_wait{100};
constexpr std::chrono::seconds patience{60};  // without any record

// One partition on its way from the log's start to the offset.
struct Reading {
  PartitionPosition position;
  std::int64_t until = 0;
  std::optional<std::int64_t> first_time_us;

  void saw(std::int64_t offset, std::int64_t time_us) {
    position.saw(offset, time_us);
    if (!first_time_us) first_time_us = time_us;
  }
};

struct Parsers {
  FrameParser trades;
  KlineParser klines;

  // As the pipelines do: good trades, or closed candles, move the position.
  void take(const log::Record& record, Reading& reading) {
    const auto& headers = record.headers;
    if (headers.kind == log::RecordKind::end_marker || headers.kind == log::RecordKind::part)
      return;
    if (log::gap_of(record)) return;
    if (log::is_kline_topic(reading.position.where.topic)) {
      for (const auto& kline : klines.parse(record.value, headers.category, headers.recv_ns).closed)
        reading.saw(record.offset, kline.last_minute_us());
      return;
    }
    for (const auto& trade : trades.parse(record.value, headers.category, headers.recv_ns).trades)
      reading.saw(record.offset, trade.trade_time_us);
  }
};

using Readings = std::map<log::TopicPartition, Reading>;

Result<> read(log::Log& log, Readings& readings) {
  std::map<log::TopicPartition, std::int64_t> from;
  for (const auto& [where, reading] : readings) {
    if (reading.position.next_offset < reading.until) from[where] = reading.position.next_offset;
  }
  if (from.empty()) return {};
  TL_ASSIGN(const auto reader, log.reader());
  reader->assign(from);
  Parsers parsers;
  auto last_seen = std::chrono::steady_clock::now();
  while (!from.empty()) {
    TL_ASSIGN(const auto chunk, reader->poll(poll_wait));
    if (chunk.where.topic.empty()) {
      if (std::chrono::steady_clock::now() - last_seen > patience)
        return make_error(Errc::unavailable, "the log does not answer");
      continue;
    }
    last_seen = std::chrono::steady_clock::now();
    auto& reading = readings.at(chunk.where);
    for (const auto& record : chunk.records) {
      if (record.offset < reading.until) parsers.take(record, reading);
    }
    reading.position.next_offset = chunk.next_offset;
    if (chunk.next_offset < reading.until || from.erase(chunk.where) == 0) continue;
    // The others only: what is read of this one from now on is of no use.
    for (auto& [where, next] : from) next = readings.at(where).position.next_offset;
    reader->assign(from);
  }
  return {};
}

}  // namespace

Result<std::vector<iceberg::ProgressUpdate>> rows_at(log::Log& log, const std::string& pipeline,
                                                     std::span<const iceberg::ProgressRow> rows,
                                                     const log::NextOffsets& offsets,
                                                     std::optional<std::int64_t> greatest_time_us,
                                                     std::int64_t grace_us) {
  TL_ASSIGN(const auto infos, log.topics());
  TL_ASSIGN(const auto ranges, log.offsets());
  Readings readings;
  for (const auto& row : rows) {
    const log::TopicPartition where{row.topic, row.partition};
    const auto info = std::ranges::find(infos, row.topic, &log::TopicInfo::name);
    const auto range = ranges.find(where);
    if (info == infos.end() || range == ranges.end() || misfit(row, info->id, range->second)) {
      return make_error(Errc::corrupt,
                        "pipeline {}: the log is not the one the tables were written from; see "
                        "`tradelake repair log`",
                        pipeline);
    }
    const auto wanted = offsets.find(where);
    const std::int64_t until = wanted == offsets.end() ? 0 : wanted->second;
    if (until < range->second.start || until > row.next_offset) {
      return make_error(Errc::corrupt,
                        "pipeline {}: {} partition {} would be read again from offset {}; the log "
                        "has {} to {} of it, and it is committed up to {}",
                        pipeline, row.topic, row.partition, until, range->second.start,
                        range->second.end, row.next_offset);
    }
    auto& reading = readings[where];
    reading.position.where = where;
    reading.position.next_offset = range->second.start;
    reading.until = until;
  }
  TL_TRY(read(log, readings));
  std::vector<iceberg::ProgressUpdate> updates;
  for (const auto& row : rows) {
    auto& [position, until, first_time_us] = readings.at({row.topic, row.partition});
    const auto start = ranges.at({row.topic, row.partition}).start;
    position.next_offset = until;
    auto back = row;
    back.next_offset = until;
    back.max_trade_time_us = position.max_trade_time_us;
    back.replay_from = position.replay_from(grace_us);
    ++back.epoch;  // whoever still works from the old row is fenced
    const bool cut_off = start > 0 && until > 0;
    if (cut_off && !first_time_us) back.max_trade_time_us = greatest_time_us;
    // The window may begin before what the log keeps: then that is known to be lost.
    if (cut_off &&
        (!first_time_us || !position.is_closed(floor_to(*first_time_us, us_per_minute), grace_us)))
      back.lost_until_us = std::max(back.lost_until_us, back.max_trade_time_us);
    updates.push_back({row, std::move(back)});
  }
  return updates;
}

}  // namespace tradelake::bronze
