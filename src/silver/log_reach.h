// How far the candles pipeline and bronze have come in the log, each by what it has committed:
// which trades of bronze the candles know, and which minutes are the pipeline's own affair.
//
// Threads: a value. Invariant: of bronze's trades, those that are consumed() are what the tables of
// silver were made of, up to whole_until_us(). Does not: read the log.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bronze/positions.h"
#include "bybit/category.h"
#include "core/error.h"
#include "iceberg/progress.h"
#include "iceberg/table.h"

namespace tradelake::silver {

class LogReach {
 public:
  // Errors: invalid_argument (the candles have nothing yet, or offsets of the two cannot be
  // compared), with what to do.
  static Result<LogReach> compare(const std::vector<iceberg::ProgressRow>& candles,
                                  const std::vector<iceberg::ProgressRow>& bronze,
                                  std::int64_t grace_us);

  // A partition whose newest minute is in the table is at its end, by an end marker or the clock:
  // there the pipeline has written all that is over by then. Errors: those of reading.
  Result<> look_for_ends(const iceberg::Table& minutes, iceberg::FileIo& io, std::int64_t now_us);

  // The candles pipeline has read the record of this trade.
  bool consumed(std::string_view topic, std::int32_t partition, std::int64_t offset) const;
  // Where the candles are ahead, bronze still lacks trades of minutes that end after this.
  std::int64_t whole_until_us() const { return whole_until_us_; }

  // Of the partition that the market's key belongs to:
  // The pipeline still writes what begins then and is not in its table, when its time is over.
  bool may_be_written(bybit::Category category, std::string_view symbol, std::int64_t open_time_us,
                      std::int64_t step_us) const;
  // Every further trade of the minute would be late.
  bool is_closed(bybit::Category category, std::string_view symbol, std::int64_t minute_us) const;

 private:
  struct Partition {
    bronze::PartitionPosition position;
    std::int64_t written_until_us = INT64_MIN;  // what ends by then is in the tables
  };
  const Partition* home(bybit::Category category, std::string_view symbol) const;

  std::int64_t grace_us_ = 0;
  std::int64_t whole_until_us_ = INT64_MAX;
  std::map<log::TopicPartition, Partition> partitions_;  // of the candles
  // Where bronze is ahead, the first offset that the candles lack.
  struct Unknown {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t from_offset = 0;
  };
  std::vector<Unknown> unknown_;
};

}  // namespace tradelake::silver
