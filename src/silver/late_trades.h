// Trades that came after their candle was out of grace, on their way into silver.late_trades.
//
// Threads: one. Does not: decide lateness, or commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bronze/market_table.h"
#include "bronze/trade_batch.h"
#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"

namespace tradelake::silver {

class LateTrades {
 public:
  // `greatest_time_us` is the greatest trade_time of earlier records of the trade's partition.
  void add(const bronze::Trade& trade, const bronze::ParsedFrame& frame, bronze::MarketIndex market,
           const bronze::FrameOrigin& origin, std::int64_t greatest_time_us);
  std::size_t rows() const { return batch_.rows(); }
  void clear();

  // One file per partition, in the table's sort order. Errors: io.
  Result<std::vector<iceberg::DataFile>> write_files(iceberg::FileIo& io,
                                                     const iceberg::Table& table,
                                                     const bronze::MarketNames& markets,
                                                     const std::vector<std::string>& topics) const;

 private:
  bronze::TradeBatch batch_;
  std::vector<std::int64_t> open_time_us_;  // one a row of the batch, as the next
  std::vector<std::int64_t> late_by_ms_;
};

}  // namespace tradelake::silver
