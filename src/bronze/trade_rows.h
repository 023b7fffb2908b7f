// A batch of trades as Arrow columns, in the table's sort order.
//
// Threads: functions; the batch must not change meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bronze/market_table.h"
#include "bronze/trade_batch.h"
#include "iceberg/columns.h"

namespace tradelake::bronze {

using RowNumbers = std::vector<std::uint32_t>;

// The rows of the batch, sorted by (category, symbol, trade_time, seq) within each span of
// trade_time of that length, the spans in the order of time.
std::vector<RowNumbers> split_and_sort(const TradeBatch& batch, const MarketNames& markets,
                                       std::int64_t span_us);
// A span that no two trades are apart.
inline constexpr std::int64_t all_time_us = INT64_MAX;

// Columns as in trades_table(), by name. `topics` are the texts of the batch's topic numbers.
std::vector<std::pair<std::string, iceberg::Column>> trade_columns(
    const TradeBatch& batch, const MarketNames& markets, const std::vector<std::string>& topics,
    const std::vector<std::uint32_t>& rows);

}  // namespace tradelake::bronze
