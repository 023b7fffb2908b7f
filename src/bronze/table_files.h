// The data files of one commit of bronze.
//
// Threads: functions; what they are given must not change meanwhile.
// Does not: commit. Errors: io.
#pragma once

#include <string>
#include <vector>

#include "bronze/dead_letters.h"
#include "bronze/market_table.h"
#include "bronze/trade_batch.h"
#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

// How files of trades are encoded best, at commit or after.
iceberg::ParquetOptions trade_file_options(int zstd_level);
iceberg::ParquetOptions kline_file_options();

Result<std::vector<iceberg::DataFile>> write_trade_files(
    iceberg::FileIo& io, const iceberg::Table& trades, const TradeBatch& batch,
    const MarketNames& markets, const std::vector<std::string>& topics, int zstd_level);

Result<std::vector<iceberg::DataFile>> write_dead_letter_files(
    iceberg::FileIo& io, const iceberg::Table& dead_letters, const std::vector<DeadLetter>& letters,
    const std::vector<std::string>& topics);

}  // namespace tradelake::bronze
