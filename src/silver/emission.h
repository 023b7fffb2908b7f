// What one commit writes into the candle tables: first versions, and revisions with why.
//
// Threads: one. Does not: decide when (watermark), change the books before mark_stored(), or
// commit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bronze/market_table.h"
#include "core/error.h"
#include "iceberg/action.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/book.h"
#include "silver/candle_row.h"

namespace tradelake::silver {

class Emission {
 public:
  // Adds what has to be written of one partition's book, its watermark being `until_us`.
  void collect(Book& book, const bronze::MarketTable& markets, std::int64_t until_us,
               std::int64_t now_us);

  bool empty() const { return fresh_.empty() && revised_.empty(); }
  std::size_t fresh() const { return fresh_.size(); }
  std::size_t revised() const { return revised_.size(); }
  // Candles with a sum that left decimal(38,18).
  std::size_t null_sums() const;

  // New rows appended; rows with a newer revision replaced by copy-on-write. Errors: corrupt, io.
  Result<std::unique_ptr<iceberg::Action>> candle_action(const iceberg::Table& candles,
                                                         iceberg::FileIo& io,
                                                         const iceberg::SnapshotNote& note) const;
  // Rows of candle_revisions. Errors: io.
  Result<std::vector<iceberg::DataFile>> revision_files(const iceberg::Table& revisions,
                                                        iceberg::FileIo& io) const;

  // The commit is done: the books know what is stored now.
  void mark_stored() const;

 private:
  struct Pending {
    Book* book;
    bronze::MarketIndex market;
    CandleRow row;
  };
  std::vector<Pending> fresh_, revised_;
  std::vector<CandleRow> late_reason_, extended_reason_;
};

}  // namespace tradelake::silver
