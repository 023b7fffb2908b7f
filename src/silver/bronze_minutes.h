// The minutes of a span as the trades of bronze make them, late ones among them.
//
// Threads: one. Memory: the candles of one span, and one batch of trades. Does not: know what is
// stored, or look at a head that moves meanwhile.
#pragma once

#include <cstdint>

#include "bronze/market_table.h"
#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/book.h"
#include "silver/bronze_trades.h"
#include "silver/log_reach.h"
#include "silver/market_filter.h"
#include "silver/taken_late_trades.h"

namespace tradelake::silver {

class BronzeMinutes {
 public:
  // `trades` is bronze.trades as it was when `reach` was looked at.
  BronzeMinutes(iceberg::Table trades, iceberg::FileIo& io, const LogReach& reach,
                MarketFilter& filter, bronze::MarketTable& markets)
      : trades_(std::move(trades)), io_(io), reach_(reach), filter_(filter), markets_(markets) {}

  // Of [from_us, to_us). `late` has the rows of that span; those whose trade is counted in are
  // taken. Errors: corrupt, io, those of reading.
  Result<Book> make(std::int64_t from_us, std::int64_t to_us, TakenLateTrades& late);

 private:
  void add(const BronzeTrade& one, TakenLateTrades& late, Book& book);

  const iceberg::Table trades_;
  iceberg::FileIo& io_;
  const LogReach& reach_;
  MarketFilter& filter_;
  bronze::MarketTable& markets_;
};

}  // namespace tradelake::silver
