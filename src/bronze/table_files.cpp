#include "bronze/table_files.h"

#include <map>

#include <arrow/api.h>

#include "bronze/trade_rows.h"
#include "core/time.h"
#include "iceberg/new_data_file.h"

namespace tradelake::bronze {

iceberg::ParquetOptions trade_file_options(int zstd_level) {
  iceberg::ParquetOptions options;
  options.zstd_level = zstd_level;
  // Measured in docs/benchmarks.md: each of these is worth its line.
  options.random_columns = {"trade_id"};
  options.plain_columns = {"price"};
  options.delta_columns = {"trade_time", "seq", "frame_time", "received_at", "_offset", "_index"};
  return options;
}

Result<std::vector<iceberg::DataFile>> write_trade_files(
    iceberg::FileIo& io, const iceberg::Table& trades, const TradeBatch& batch,
    const MarketNames& markets, const std::vector<std::string>& topics, int zstd_level) {
  std::vector<iceberg::DataFile> files;
  const auto& metadata = *trades.metadata;
  for (const auto& hour : split_and_sort(batch, markets)) {
    TL_ASSIGN(auto file, iceberg::write_new_data_file(
                             io, metadata, {iceberg::Value{hour.hour}},
                             *iceberg::table_of(trade_columns(batch, markets, topics, hour.rows)),
                             trade_file_options(zstd_level)));
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::vector<iceberg::DataFile>> write_dead_letter_files(
    iceberg::FileIo& io, const iceberg::Table& dead_letters, const std::vector<DeadLetter>& letters,
    const std::vector<std::string>& topics) {
  std::map<std::int32_t, std::vector<std::uint32_t>> by_day;
  for (std::uint32_t row = 0; row < letters.size(); ++row) {
    by_day[static_cast<std::int32_t>(floor_div(letters[row].received_us, us_per_day))].push_back(
        row);
  }
  std::vector<iceberg::DataFile> files;
  const auto& metadata = *dead_letters.metadata;
  for (const auto& [day, rows] : by_day) {
    TL_ASSIGN(auto file, iceberg::write_new_data_file(io, metadata, {iceberg::Value{day}},
                                                      *to_arrow(letters, topics, rows)));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tradelake::bronze
