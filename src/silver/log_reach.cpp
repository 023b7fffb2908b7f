#include "silver/log_reach.h"

#include <algorithm>

#include "core/time.h"
#include "log/topic.h"
#include "silver/home_partition.h"
#include "silver/stored_span.h"
#include "silver/watermark.h"

namespace tradelake::silver {

Result<LogReach> LogReach::compare(const std::vector<iceberg::ProgressRow>& candles,
                                   const std::vector<iceberg::ProgressRow>& bronze,
                                   std::int64_t grace_us) {
  LogReach reach;
  reach.grace_us_ = grace_us;
  if (candles.empty()) {
    return make_error(Errc::invalid_argument,
                      "the candles pipeline has committed nothing yet: there is nothing to repair");
  }
  for (const auto& row : candles) {
    auto& partition = reach.partitions_[{row.topic, row.partition}];
    partition.position.max_trade_time_us = row.max_trade_time_us;
    partition.position.lost_until_us = row.lost_until_us;
    if (row.max_trade_time_us)
      partition.written_until_us = *row.max_trade_time_us - bronze::lateness_us;
    const auto other = std::ranges::find_if(bronze, [&](const iceberg::ProgressRow& one) {
      return one.topic == row.topic && one.partition == row.partition;
    });
    const bool known = other != bronze.end();
    if (known && other->topic_id != row.topic_id) {
      return make_error(Errc::invalid_argument,
                        "bronze and the candles were written from different logs ({} partition "
                        "{}): start both pipelines and do what they say, then repair",
                        row.topic, row.partition);
    }
    const std::int64_t of_bronze = known ? other->next_offset : 0;
    if (of_bronze < row.next_offset) {
      bronze::PartitionPosition behind;
      behind.max_trade_time_us = known ? other->max_trade_time_us : std::nullopt;
      reach.whole_until_us_ = std::min(
          reach.whole_until_us_, behind.max_trade_time_us
                                     ? floor_to(behind.closed_until_us(grace_us), us_per_minute)
                                     : INT64_MIN);
    }
  }
  for (const auto& row : bronze) {
    if (!log::is_market_topic(row.topic)) continue;  // no candle is made of the others
    const auto other = std::ranges::find_if(candles, [&](const iceberg::ProgressRow& one) {
      return one.topic == row.topic && one.partition == row.partition;
    });
    const std::int64_t of_candles = other == candles.end() ? 0 : other->next_offset;
    if (row.next_offset <= of_candles) continue;
    // Trades carry no name of the log that they were in.
    if (row.epoch > 0) {
      return make_error(
          Errc::invalid_argument,
          "bronze is at offset {} of {} partition {}, the candles at {}, and the log "
          "was once replaced: start the candles pipeline until it has caught up, then "
          "repair",
          row.next_offset, row.topic, row.partition, of_candles);
    }
    reach.unknown_.push_back({row.topic, row.partition, of_candles});
  }
  return reach;
}

bool LogReach::consumed(std::string_view topic, std::int32_t partition, std::int64_t offset) const {
  return std::ranges::none_of(unknown_, [&](const Unknown& one) {
    return one.partition == partition && offset >= one.from_offset && one.topic == topic;
  });
}

Result<> LogReach::look_for_ends(const iceberg::Table& minutes, iceberg::FileIo& io,
                                 std::int64_t now_us) {
  MarketFilter all({});
  for (auto& [where, partition] : partitions_) {
    const auto& max_time_us = partition.position.max_trade_time_us;
    const auto& lost_until_us = partition.position.lost_until_us;
    if (!max_time_us) continue;
    const std::int64_t newest_us = floor_to(*max_time_us, us_per_minute);
    // One of a lost window is written by nobody but a repair.
    if (lost_until_us && newest_us <= *lost_until_us) continue;
    bool at_end = false;
    TL_TRY(visit_stored(minutes, io, newest_us, newest_us + us_per_minute, all, [&](CandleRow row) {
      at_end = at_end || home_partition(row.category, row.symbol) == where;
    }));
    if (at_end)
      partition.written_until_us = std::max(partition.written_until_us, now_us - idle_clock_lag_us);
  }
  return {};
}

const LogReach::Partition* LogReach::home(bybit::Category category, std::string_view symbol) const {
  const auto found = partitions_.find(home_partition(category, symbol));
  return found == partitions_.end() ? nullptr : &found->second;
}

bool LogReach::may_be_written(bybit::Category category, std::string_view symbol,
                              std::int64_t open_time_us, std::int64_t step_us) const {
  const auto* partition = home(category, symbol);
  if (partition == nullptr) return false;
  // What began in a window that was lost is in no book: a minute of it is nobody's.
  const auto& lost_until_us = partition->position.lost_until_us;
  const bool lost = step_us == us_per_minute && lost_until_us && open_time_us <= *lost_until_us;
  return open_time_us + step_us > partition->written_until_us && !lost;
}

bool LogReach::is_closed(bybit::Category category, std::string_view symbol,
                         std::int64_t minute_us) const {
  const auto* partition = home(category, symbol);
  return partition == nullptr || partition->position.is_closed(minute_us, grace_us_);
}

}  // namespace tradelake::silver
