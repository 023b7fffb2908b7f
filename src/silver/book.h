// The candles of one partition's markets that are open or within grace: what may still change.
//
// Threads: one writer; readers under the owner's lock.
// Invariant: a candle leaves the book only when it is written and out of grace.
// Does not: read the log, decide lateness, or write tables.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "bronze/market_table.h"
#include "silver/candle.h"

namespace tradelake::silver {

struct BookEntry {
  Candle candle;
  std::optional<std::int32_t> stored_revision;  // nothing: not in the table yet
  bool dirty = false;                           // has trades that the stored row lacks
  bool finalized = false;                       // an end marker came after its trades
};

class Book {
 public:
  void add(bybit::Category category, bronze::MarketIndex market, std::int64_t open_time_us,
           const CandleTrade& trade);

  // An end marker: all candles so far are to be written, whatever the watermark.
  void finalize();

  // Not in the table and complete up to the watermark, or in the table and changed since.
  static bool to_be_written(const BookEntry& entry, std::int64_t open_time_us,
                            std::int64_t watermark_us);
  bool has_any_to_write(std::int64_t watermark_us) const;

  using Visit =
      std::function<void(std::int64_t open_time_us, bronze::MarketIndex market, BookEntry& entry)>;
  void for_each(const Visit& visit);
  BookEntry* find(std::int64_t open_time_us, bronze::MarketIndex market);
  const BookEntry* find(std::int64_t open_time_us, bronze::MarketIndex market) const;
  // Entries of one market from `from_us` on, in the order of time.
  void of_market(
      bronze::MarketIndex market, std::int64_t from_us, std::int64_t to_us,
      const std::function<void(std::int64_t open_time_us, const BookEntry& entry)>& visit) const;

  // Forgets candles that end at or before the time, after a last look at each.
  void drop_until(std::int64_t closed_until_us, const Visit& visit = {});
  bool has_dropped(std::int64_t open_time_us) const;
  std::size_t size() const;

 private:
  using Minute = std::unordered_map<bronze::MarketIndex, BookEntry>;
  std::map<std::int64_t, Minute> minutes_;  // by open_time_us
  std::int64_t dropped_until_us_ = INT64_MIN;
  // The entry that was added to last: mostly the next one too.
  std::int64_t last_open_time_us_ = INT64_MIN;
  bronze::MarketIndex last_market_ = 0;
  BookEntry* last_ = nullptr;
};

}  // namespace tradelake::silver
