#include "ops/file_encoding.h"

#include "bronze/table_files.h"
#include "bronze/tables.h"
#include "iceberg/declared_schema.h"
#include "silver/rewrite.h"
#include "silver/tables.h"

namespace tradelake::ops {

iceberg::ParquetOptions file_encoding(const iceberg::TableIdent& table,
                                      const iceberg::TableMetadata& metadata, int zstd_level) {
  const auto fit = [&](const iceberg::TableDefinition& declared, iceberg::ParquetOptions options) {
    options.zstd_level = zstd_level;
    return iceberg::fit_options(metadata, declared.schema, std::move(options));
  };
  for (const auto& trades : {bronze::trades_table(), silver::late_trades_table()}) {
    if (table == trades.ident) return fit(trades, bronze::trade_file_options(zstd_level));
  }
  const auto klines = bronze::klines_table();
  if (table == klines.ident) return fit(klines, bronze::kline_file_options());
  const auto revisions = silver::candle_revisions_table();
  if (table == revisions.ident) return fit(revisions, silver::candle_file_options());
  for (const auto& interval : silver::stored_intervals) {
    const auto candles = silver::candle_table(interval);
    if (table == candles.ident) return fit(candles, silver::candle_file_options());
  }
  return {.zstd_level = zstd_level};
}

}  // namespace tradelake::ops
