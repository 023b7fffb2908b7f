#include "bronze/table_files.h"

#include <numeric>

#include <arrow/api.h>

#include "bronze/tables.h"
#include "bronze/trade_rows.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/write_rows.h"

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

iceberg::ParquetOptions kline_file_options() {
  iceberg::ParquetOptions options;
  options.delta_columns = {"open_time",   "close_time", "pushed_at",
                           "received_at", "_offset",    "_index"};
  return options;
}

namespace {

// As we make the table: rows can be told apart by hour while they are sorted, which is cheaper than
// to sort them all and to split them then.
bool is_by_hour(const iceberg::TableMetadata& trades, const iceberg::TableDefinition& declared) {
  const auto& fields = trades.spec().fields;
  const auto time = iceberg::id_in_table(trades, *declared.schema.find("trade_time"));
  return fields.size() == 1 && fields[0].transform.kind == iceberg::Transform::Kind::hour &&
         fields[0].source_id == time;
}

}  // namespace

Result<std::vector<iceberg::DataFile>> write_trade_files(
    iceberg::FileIo& io, const iceberg::Table& trades, const TradeBatch& batch,
    const MarketNames& markets, const std::vector<std::string>& topics, int zstd_level) {
  static const auto declared = trades_table();
  std::vector<iceberg::DataFile> files;
  const auto& metadata = *trades.metadata;
  const auto span_us = is_by_hour(metadata, declared) ? us_per_hour : all_time_us;
  for (const auto& rows : split_and_sort(batch, markets, span_us)) {
    TL_ASSIGN(auto written,
              iceberg::write_rows(io, metadata, declared.schema,
                                  iceberg::table_of(trade_columns(batch, markets, topics, rows)),
                                  trade_file_options(zstd_level)));
    std::ranges::move(written, std::back_inserter(files));
  }
  return files;
}

Result<std::vector<iceberg::DataFile>> write_dead_letter_files(
    iceberg::FileIo& io, const iceberg::Table& dead_letters, const std::vector<DeadLetter>& letters,
    const std::vector<std::string>& topics) {
  static const auto declared = dead_letters_table().schema;
  std::vector<std::uint32_t> rows(letters.size());
  std::iota(rows.begin(), rows.end(), 0);
  return iceberg::write_rows(io, *dead_letters.metadata, declared, to_arrow(letters, topics, rows));
}

}  // namespace tradelake::bronze
