// A batch of trades as Arrow columns, by hour of trade_time, in the table's sort order.
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

struct HourOfTrades {
  std::int32_t hour = 0;            // since the epoch: the partition's value
  std::vector<std::uint32_t> rows;  // of the batch, sorted by (category, symbol, trade_time, seq)
};

std::vector<HourOfTrades> split_and_sort(const TradeBatch& batch, const MarketNames& markets);

// Columns as in trades_table(), by name. `topics` are the texts of the batch's topic numbers.
std::vector<std::pair<std::string, iceberg::Column>> trade_columns(
    const TradeBatch& batch, const MarketNames& markets, const std::vector<std::string>& topics,
    const std::vector<std::uint32_t>& rows);

}  // namespace tradelake::bronze
