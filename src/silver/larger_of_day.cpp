#include "silver/larger_of_day.h"

#include "core/time.h"
#include "silver/stored_span.h"

namespace tradelake::silver {

void LargerOfDay::add(const CandleRow& minute) {
  const auto market = markets_.index_of(minute.category, minute.symbol);
  for (std::size_t n = 0; n < larger_count; ++n) {
    const auto open_time_us = larger_intervals[n].open_time_us(minute.open_time_us);
    if (!is_of_interest(larger_intervals[n], open_time_us)) continue;
    auto& made = candles_[n][{open_time_us, market}].made;
    if (made) {
      made->merge(minute);
    } else {
      made = minute;
      made->open_time_us = open_time_us;
    }
  }
}

Result<> LargerOfDay::compare(const SilverTables& tables, iceberg::FileIo& io,
                              const LogReach& reach, MarketFilter& filter, RepairChanges& changes) {
  for (std::size_t n = 0; n < larger_count; ++n) {
    const auto& interval = larger_intervals[n];
    TL_TRY(visit_stored(tables.candles[n + 1], io, day_us_, day_us_ + us_per_day, filter,
                        [&](CandleRow row) {
                          if (!is_of_interest(interval, row.open_time_us)) return;
                          const auto market = markets_.index_of(row.category, row.symbol);
                          auto& stored = candles_[n][{row.open_time_us, market}].stored;
                          take_in(stored, std::move(row));
                        }));
    for (auto& [key, candle] : candles_[n]) {
      const auto& [open_time_us, market] = key;
      const auto& name = markets_.name(market);
      if (!candle.stored &&
          reach.may_be_written(name.category, name.symbol, open_time_us, interval.step_us))
        continue;
      changes.compare(n + 1, candle.stored, std::move(candle.made));
    }
    candles_[n].clear();
  }
  return {};
}

}  // namespace tradelake::silver
