// Rows of candle files, decoded once. Files never change, nor what some deletes leave of them, so
// nothing is ever invalid.
//
// Small files are kept whole, for all markets; of large ones only the rows of the markets asked
// for. Threads: any. Does not: know which files belong to the table's head.
#pragma once

#include <string_view>
#include <vector>

#include "core/lru_cache.h"
#include "iceberg/file_io.h"
#include "iceberg/scan_file.h"
#include "iceberg/table.h"
#include "silver/candle_arrow.h"

namespace tradelake::api {

class CandleCache {
 public:
  explicit CandleCache(iceberg::FileIo& io) : io_(io) {}

  // One market's rows of the file, in the order of open_time; updated_at_us is not kept.
  Result<std::vector<silver::CandleRow>> rows(const iceberg::Table& table,
                                              const iceberg::ScanFile& file,
                                              bybit::Category category, std::string_view symbol);
  // The newest row of every market in the file.
  Result<std::vector<silver::CandleRow>> newest_rows(const iceberg::Table& table,
                                                     const iceberg::ScanFile& file);

 private:
  // A third of a CandleRow, which matters: a thousand markets make a million rows in a day.
  struct Packed {
    int128_t open, high, low, close, volume, turnover, buy_volume, buy_turnover;
    std::int64_t open_time_us, first_trade_time_us, last_trade_time_us, trades;
    std::int32_t revision;
    bool has_volume, has_turnover, has_buy_volume, has_buy_turnover;
  };
  struct MarketRows {
    bybit::Category category;
    std::string symbol;
    std::size_t begin, end;  // in rows
  };
  struct Decoded {
    std::vector<MarketRows> markets;  // by category and symbol
    std::vector<Packed> rows;
  };

  static Packed pack(const silver::CandleRow& row);
  static silver::CandleRow unpack(const MarketRows& market, const Packed& packed);
  Result<std::shared_ptr<const Decoded>> decoded(const iceberg::Table& table,
                                                 const iceberg::ScanFile& file,
                                                 const std::string& name,
                                                 const iceberg::Filter& filter);

  iceberg::FileIo& io_;
  LruCache<Decoded> cache_{std::size_t{128} << 20};
};

}  // namespace tradelake::api
