// The exchange's closed candles on their way into bronze.klines.
//
// Threads: one at a time. Does not: read frames (kline_parser.h), or commit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bronze/id_window.h"
#include "bronze/kline_parser.h"
#include "bronze/trade_batch.h"
#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

struct KlineRow {
  bybit::Category category{};
  std::string symbol, interval;
  Kline kline;
  FrameOrigin origin;
  bool is_old = false;  // out of the window of ids: the table may have it
};

// By market, interval, times and values: what pushes of the same candle have in common.
IdHash hash_kline(bybit::Category category, std::string_view symbol, std::string_view interval,
                  const Kline& kline);

// What became of the candles that were read; apart from trades.
struct KlineCounts {
  std::int64_t stored = 0, repeats = 0;
  std::int64_t open = 0;  // pushes of candles that are not closed
  std::array<std::int64_t, reason_names.size()> unreadable{};

  KlineCounts& operator+=(const KlineCounts& other);
};

// Takes the old ones away that the table has, and says how many. Errors: those of reading.
Result<std::int64_t> drop_stored_klines(const iceberg::Table& table, iceberg::FileIo& io,
                                        std::vector<KlineRow>& rows);

// One file per partition, in the table's sort order. Errors: io.
Result<std::vector<iceberg::DataFile>> write_kline_files(iceberg::FileIo& io,
                                                         const iceberg::Table& table,
                                                         const std::vector<KlineRow>& rows,
                                                         const std::vector<std::string>& topics);

}  // namespace tradelake::bronze
