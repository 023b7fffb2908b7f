// What one commit writes of the minutes: first versions, and revisions with why.
//
// Threads: one. Does not: decide when (watermark), know larger candles (rollup.h), change the books
// before mark_stored(), or commit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bronze/market_table.h"
#include "silver/book.h"
#include "silver/candle_change.h"

namespace tradelake::silver {

class Emission {
 public:
  // Adds what has to be written of one partition's book. Its watermark is `until_us` now, and was
  // `passed_us` when it was looked at before.
  void collect(Book& book, const bronze::MarketTable& markets, std::int64_t until_us,
               std::int64_t passed_us, std::int64_t now_us);

  struct Written {
    Book* book;
    bronze::MarketIndex market;
    std::int64_t open_time_us;
    std::int32_t revision;
    bool finalized;  // as of its entry
  };
  std::span<const Written> written() const { return written_; }
  const CandleChange& change() const { return change_; }

  // The commit is done: the books know what is stored now.
  void mark_stored() const;

 private:
  CandleChange change_;
  std::vector<Written> written_;
};

}  // namespace tradelake::silver
