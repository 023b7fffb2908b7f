// Candle rows to and from Arrow.
//
// Threads: functions.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/expression.h"
#include "iceberg/file_io.h"
#include "iceberg/scan_file.h"
#include "iceberg/table.h"
#include "silver/candle_row.h"

namespace arrow {
class Table;
}

namespace tradelake::silver {

// The columns of candle_schema(), rows in the order given.
std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows);
// With an interval and a reason each: the columns of candle_revisions_table().
std::shared_ptr<arrow::Table> to_arrow(std::span<const CandleRow> rows,
                                       std::span<const std::string_view> intervals,
                                       std::span<const std::string_view> reasons);

// The rows left of one data file of a candle table that match, without those of a category we do
// not know.
Result<std::vector<CandleRow>> read_candles(const iceberg::Table& table, iceberg::FileIo& io,
                                            const iceberg::ScanFile& file,
                                            const iceberg::Filter& filter);
// The same one by one: a whole day of many markets is a lot of rows.
Result<> visit_candles(const iceberg::Table& table, iceberg::FileIo& io,
                       const iceberg::ScanFile& file, const iceberg::Filter& filter,
                       const std::function<void(CandleRow row)>& visit);

}  // namespace tradelake::silver
