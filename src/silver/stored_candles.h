// What the tables have of the candles that may still change: where to look, and whose they are.
//
// Threads: one; what it changes, under the mutex. Cost: the rows of one day per partition of the
// log, about, in each table. Does not: know what becomes of the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "bronze/market_table.h"
#include "bronze/positions.h"
#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/books.h"
#include "silver/candle_row.h"
#include "silver/intervals.h"

namespace tradelake::silver {

class StoredCandles {
 public:
  // Markets that only the tables know are given numbers, and their home: the partition that their
  // key belongs to. Those of partitions that are another process's are left out.
  StoredCandles(iceberg::FileIo& io, const bronze::Positions& positions, std::int64_t grace_us,
                bronze::MarketTable& markets, Books& books, std::mutex& mutex);

  // The minutes of every candle, of any interval, whose end is not out of grace by what is
  // committed; and the candles themselves. `closed_until_us` is up to when its home is. Called
  // under the mutex.
  using Visit =
      std::function<void(bronze::MarketIndex market, CandleRow row, std::int64_t closed_until_us)>;
  Result<> visit_minutes(const iceberg::Table& table, const Visit& visit);
  Result<> visit_larger(const iceberg::Table& table, const StoredInterval& interval,
                        const Visit& visit);

 private:
  struct Span {
    std::int64_t from_us = 0, to_us = 0;  // both within
  };
  std::vector<Span> spans(std::int64_t step_us) const;
  Result<> visit(const iceberg::Table& table, std::int64_t step_us, const Visit& visit);
  const bronze::PartitionPosition* home_of(const CandleRow& row);

  iceberg::FileIo& io_;
  const bronze::Positions& positions_;
  const std::int64_t grace_us_;
  bronze::MarketTable& markets_;
  Books& books_;
  std::mutex& mutex_;
  std::vector<const bronze::PartitionPosition*> by_slot_;  // nullptr: nobody's here
};

}  // namespace tradelake::silver
