// Candles of one market: the tables' rows and the pipeline's book, in one consistent cut.
//
// An interval that is no table is the merge of the largest stored one that divides it; what that
// one does not have yet, or the book may know better, is the merge of minutes. Threads: any.
// Invariants: one candle per open_time; of a minute that is in the table and in the book, the one
// with more trades counts; a candle is whole or not given.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/candle_cache.h"
#include "api/candle_pieces.h"
#include "api/file_index.h"
#include "api/gap_query.h"
#include "api/interval.h"
#include "silver/candles.h"

namespace tradelake::api {

struct CandleRange {
  bybit::Category category{};
  std::string symbol;
  Interval interval;
  std::optional<std::int64_t> from_us;  // open_time at or after it
  std::optional<std::int64_t> to_us;    // open_time before it
  std::size_t limit = 500;              // the newest ones of the range
  bool lake_only = false;               // committed rows alone
  bool fill = false;                    // intervals without trades, at the close before them
};

struct FoundCandles {
  std::vector<ServedCandle> candles;  // ascending
  // What the range (without a start: from the first candle on) has of them, ascending; the newest
  // thousand.
  std::vector<silver::CoverageGap> gaps;
};

class CandleQuery {
 public:
  CandleQuery(const silver::Candles& candles, iceberg::FileIo& io);

  Result<FoundCandles> find(const CandleRange& range);
  // The candles alone, of which none is marked.
  Result<std::vector<ServedCandle>> find_candles(const CandleRange& range);

  // The newest row of each market in the newest files of the table, up to about `max_rows` rows
  // read.
  Result<std::vector<silver::CandleRow>> newest_of_markets(std::int64_t max_rows);

 private:
  // And where the gaps of the same cut are.
  struct Unfilled {
    std::vector<ServedCandle> candles;
    iceberg::Table gaps;
    std::vector<silver::CoverageGap> uncommitted_gaps;
  };
  Result<Unfilled> find_unfilled(const CandleRange& range);
  Result<> fill(const CandleRange& range, std::vector<ServedCandle>& candles);
  template <class Wanted, class Add>
  Result<> visit(const CandleRange& range, const iceberg::Table& head,
                 const FileIndex::Files& files, const CandlePieces& pieces, const Wanted& wanted,
                 const Add& add);

  const silver::Candles& candles_;
  std::deque<FileIndex> indexes_;  // as silver::stored_intervals
  CandleCache cache_;
  GapQuery gaps_;
};

// Puts candles at the previous close where there are none, between the first and `to_us` (the last
// if nothing); keeps the newest `limit`.
std::vector<ServedCandle> fill_gaps(std::vector<ServedCandle> candles, const Interval& interval,
                                    std::optional<std::int64_t> to_us, std::size_t limit);

// Says of each candle whether it touches one of the gaps.
void mark_gaps(std::vector<ServedCandle>& candles, const Interval& interval,
               std::span<const silver::CoverageGap> gaps);

}  // namespace tradelake::api
