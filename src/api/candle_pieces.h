// What the candles of one answer are merged from: rows of one larger stored interval, and minutes
// where there are none or where the book may know more.
//
// Rows come in this order: the book's, the larger ones, the table's minutes. Threads: one.
// Invariants: only the newest `limit` candles are kept; no trade counts twice: under a larger row,
// either it or the minutes count, whichever has more trades. Does not: read anything.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "api/interval.h"
#include "silver/candle_row.h"

namespace tradelake::api {

struct ServedCandle {
  silver::CandleRow row;
  bool closed = false;  // all of it is in the table and its time is over
  bool filled = false;  // no trades: made up on request
  bool in_gap = false;  // the market was not received for all of it
};

class CandlePieces {
 public:
  CandlePieces(Interval interval, std::size_t limit);

  void add_live(silver::CandleRow minute) { add_minute(std::move(minute), false); }
  // Of the stored interval that is interval.source().
  void add_larger(silver::CandleRow row);
  void add_stored(silver::CandleRow minute) { add_minute(std::move(minute), true); }

  // Rows up to this time cannot change the answer any more.
  bool settled(std::int64_t last_us) const;
  // Nor can minutes of these times, the last one within: larger rows have them all.
  bool covered(std::int64_t first_us, std::int64_t last_us) const;

  // Ascending; the table of minutes ends at that time.
  std::vector<ServedCandle> merge(std::int64_t table_ends_us) const;

 private:
  struct Minute {
    silver::CandleRow row;
    bool stored = false;
  };
  struct Larger {
    silver::CandleRow row;
    bool in_book = false;  // so are some of its minutes
  };

  void add_minute(silver::CandleRow row, bool stored);
  bool take_in(std::int64_t open_time_us);
  bool full() const { return starts_.size() >= limit_; }
  // Only the larger row counts, whatever minutes there are.
  bool has_all(std::int64_t open_time_us) const;

  const Interval interval_;
  const std::int64_t larger_us_;
  const std::size_t limit_;
  std::map<std::int64_t, Minute> minutes_;  // by open_time
  std::map<std::int64_t, Larger> larger_;   // by open_time; none if the source is the minute
  std::set<std::int64_t> starts_;           // of the candles that come of them
};

}  // namespace tradelake::api
