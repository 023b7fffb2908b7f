// Candles of one market: the table's rows and the pipeline's book, in one consistent cut.
//
// Threads: any. Invariants: one candle per open_time; of a minute that is in the table and in the
// book, the one with more trades counts; a candle is whole or not given.
// Does not: read the tables of larger intervals: every interval is the merge of its 1m rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/candle_cache.h"
#include "api/file_index.h"
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

struct ServedCandle {
  silver::CandleRow row;
  bool closed = false;  // all of it is in the table and its time is over
  bool filled = false;  // no trades: made up on request
};

class CandleQuery {
 public:
  CandleQuery(const silver::Candles& candles, iceberg::FileIo& io)
      : candles_(candles), index_(io, "open_time"), cache_(io) {}

  // Ascending.
  Result<std::vector<ServedCandle>> find(const CandleRange& range);

  // The newest row of each market in the newest files of the table, up to about `max_rows` rows
  // read.
  Result<std::vector<silver::CandleRow>> newest_of_markets(std::int64_t max_rows);

 private:
  struct Minute {
    silver::CandleRow row;
    bool stored = false;
  };
  class Minutes;

  Result<std::vector<ServedCandle>> find_unfilled(const CandleRange& range);
  Result<> add_stored(const CandleRange& range, const iceberg::Table& head,
                      const FileIndex::Files& files, Minutes& minutes);

  const silver::Candles& candles_;
  FileIndex index_;
  CandleCache cache_;
};

// Puts candles at the previous close where there are none, between the first and `to_us` (the last
// if nothing); keeps the newest `limit`.
std::vector<ServedCandle> fill_gaps(std::vector<ServedCandle> candles, const Interval& interval,
                                    std::optional<std::int64_t> to_us, std::size_t limit);

}  // namespace tradelake::api
