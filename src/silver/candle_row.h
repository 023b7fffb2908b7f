// A candle as the tables hold it, and rows of Arrow.
//
// Threads: values and functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/expression.h"
#include "iceberg/file_io.h"
#include "iceberg/scan_file.h"
#include "iceberg/table.h"
#include "silver/candle.h"

namespace arrow {
class Table;
}

namespace tradelake::silver {

struct CandleRow {
  bybit::Category category{};
  std::string symbol;
  std::int64_t open_time_us = 0;
  Decimal open, high, low, close;
  std::optional<Decimal> volume, turnover, buy_volume,
      buy_turnover;  // nothing: left decimal(38,18)
  std::int64_t trades = 0;
  std::int64_t first_trade_time_us = 0, last_trade_time_us = 0;
  std::int32_t revision = 0;
  std::int64_t updated_at_us = 0;

  // Everything but revision and updated_at.
  bool same_candle(const CandleRow& other) const;
};

CandleRow to_row(bybit::Category category, std::string_view symbol, std::int64_t open_time_us,
                 const Candle& candle);

// Rows of one market in the order of open_time, merged into larger candles that start at multiples
// of `step_us` since `origin_us`. Revision and updated_at are the greatest of the parts.
std::vector<CandleRow> merge_rows(std::span<const CandleRow> rows, std::int64_t step_us,
                                  std::int64_t origin_us = 0);

// Columns as in candles_table(), in the order given; with `interval` and `reason` those of
// candle_revisions_table().
std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows,
                                       const std::string* interval = nullptr,
                                       const std::vector<std::string>* reasons = nullptr);

// The rows left of one data file of a candle table that match. Rows of a category we do not know
// are left out.
Result<std::vector<CandleRow>> read_candles(const iceberg::Table& table, iceberg::FileIo& io,
                                            const iceberg::ScanFile& file,
                                            const iceberg::Filter& filter);

// category, symbol, open_time: the tables' sort order.
bool sorts_before(const CandleRow& a, const CandleRow& b);

}  // namespace tradelake::silver
