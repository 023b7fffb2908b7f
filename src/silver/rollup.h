// The candles of larger intervals that are open or may still change, per interval and market.
//
// Each is the merge of the minutes that are in the table: of those that left the books, which are
// final, a part is kept here; the others are looked up in the books. So a commit that writes a
// minute knows what the larger candles with it become, in the same commit.
// Threads: one. Invariants: a larger candle is first written when its home partition's watermark is
// past its end, or when an end marker came after its minutes; from its first minute in the table on
// it is known here until it is written and its end is out of grace; nothing changes here but by a
// commit that is done, an end marker, or loading. Does not: read or write tables, or see trades.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "bronze/market_table.h"
#include "silver/books.h"
#include "silver/candle_change.h"
#include "silver/emission.h"
#include "silver/intervals.h"

namespace tradelake::silver {

// Of each partition, by slot.
struct Watermarks {
  std::vector<std::int64_t> until;   // how far emission may go now
  std::vector<std::int64_t> passed;  // how far it went when it was looked at before
};

// One for each of larger_intervals.
using LargerChanges = std::array<CandleChange, larger_count>;

class Rollup {
 public:
  // What has to be written in the commit that writes these minutes.
  LargerChanges collect(const Emission& minutes, const Books& books,
                        const bronze::MarketTable& markets, const Watermarks& watermarks,
                        std::int64_t now_us) const;
  // Whether there is anything even if no minute is written.
  bool has_any_to_write(const Books& books, const std::vector<std::int64_t>& until) const;
  // There was nothing.
  void mark_unchanged() { looks_at_all_ = false; }
  // That commit is done.
  void mark_stored(const LargerChanges& changes, const Emission& minutes,
                   const bronze::MarketTable& markets);

  // A minute that is in the table as it will stay, and not in a book any more. Larger candles that
  // end at or before `closed_until_us` are of no interest.
  void add_final(bronze::MarketIndex market, const CandleRow& minute, std::int64_t closed_until_us);
  // An end marker in the partition of that slot, after all that is known.
  void finalize(std::size_t slot, const Books& books);
  // Forgets what is written and ends at or before its home's time.
  void forget_until(const std::vector<std::int64_t>& closed_until_us, const Books& books);
  void clear();

  // Loading from the tables: begin, then all minutes (add_final(), or add_in_book() of those that
  // are in a book) and larger candles, then end. What differs is written with the next commit. Of
  // tables that are `empty`, as an earlier version left them, all is of interest.
  using Empty = std::array<bool, larger_count>;
  void begin_loading(const Empty& empty);
  void add_in_book(bronze::MarketIndex market, std::int64_t open_time_us, bool finalized,
                   std::int64_t closed_until_us);
  void add_stored(std::size_t interval, bronze::MarketIndex market, CandleRow row);
  void end_loading(const Books& books);

 private:
  struct Candle {
    std::optional<CandleRow> finals;  // the merge of minutes that are not in a book any more
    std::optional<CandleRow> stored;  // as it is in its table
    bool finalized = false;           // to be written, whatever the watermark
  };
  using Span = std::unordered_map<bronze::MarketIndex, Candle>;
  struct Key {
    std::size_t interval = 0;
    std::int64_t open_time_us = 0;
    bronze::MarketIndex market = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Keys = std::map<Key, bool>;  // whether an end marker came

  const Candle* find(const Key& key) const;
  bool is_of_interest(std::size_t interval, std::int64_t open_time_us,
                      std::int64_t closed_until_us) const;
  void add_unwritten(Keys& keys, const Books& books, const std::vector<std::int64_t>& until) const;
  std::optional<CandleRow> merged(const Key& key, const Candle* known, const Books& books,
                                  const std::vector<std::int64_t>& until,
                                  const bronze::MarketName& name) const;

  std::array<std::map<std::int64_t, Span>, larger_count> candles_;  // by open_time_us
  std::set<std::size_t> finalized_slots_;  // by markers that came before loading ended
  bool loaded_ = false;
  Empty empty_{};              // while loading
  bool looks_at_all_ = false;  // not only at those whose time is over
};

}  // namespace tradelake::silver
