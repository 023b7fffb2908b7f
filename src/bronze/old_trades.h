// Repeats of trades that are older than the id window: looked up in the table.
//
// Threads: functions. Cost: one scan of the hours concerned per commit, three columns.
#pragma once

#include <cstdint>
#include <vector>

#include "bronze/market_table.h"
#include "bronze/trade_batch.h"
#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

// Of these rows of the batch, those that the table has already, or that come twice among them.
Result<std::vector<std::uint32_t>> find_repeats(const iceberg::Table& trades, iceberg::FileIo& io,
                                                const TradeBatch& batch, const MarketNames& markets,
                                                const std::vector<std::uint32_t>& rows);

}  // namespace tradelake::bronze
