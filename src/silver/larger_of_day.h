// The larger candles of one day, merged from its minutes as they are to be, against those stored.
//
// Threads: one. Memory: the larger candles of a day. Invariant: no candle reaches over two days.
// Does not: read minutes.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "bronze/market_table.h"
#include "silver/log_reach.h"
#include "silver/market_filter.h"
#include "silver/repair_changes.h"
#include "silver/silver_tables.h"

namespace tradelake::silver {

class LargerOfDay {
 public:
  // Those that reach into [from_us, to_us), of the day that begins at `day_us`.
  LargerOfDay(std::int64_t day_us, std::int64_t from_us, std::int64_t to_us,
              bronze::MarketTable& markets)
      : day_us_(day_us), from_us_(from_us), to_us_(to_us), markets_(markets) {}

  // A minute as it is to be in its table.
  void add(const CandleRow& minute);
  // All minutes are in. Those that the pipeline still writes are left to it. Errors: io, corrupt.
  Result<> compare(const SilverTables& tables, iceberg::FileIo& io, const LogReach& reach,
                   MarketFilter& filter, RepairChanges& changes);

 private:
  bool is_of_interest(const StoredInterval& interval, std::int64_t open_time_us) const {
    return open_time_us < to_us_ && open_time_us + interval.step_us > from_us_;
  }
  struct Candle {
    std::optional<CandleRow> made;
    std::optional<StoredCandle> stored;
  };

  const std::int64_t day_us_, from_us_, to_us_;
  bronze::MarketTable& markets_;
  using Candles = std::map<std::pair<std::int64_t, bronze::MarketIndex>, Candle>;
  std::array<Candles, larger_count> candles_;
};

}  // namespace tradelake::silver
