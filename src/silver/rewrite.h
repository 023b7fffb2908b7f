// Copy-on-write of candles: which files of a table hold rows that have a newer revision, and their
// rows without the outdated ones.
//
// Threads: functions. Does not: commit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/table.h"
#include "silver/candle_row.h"

namespace tradelake::silver {

// How files of candles are encoded best, at commit or after.
iceberg::ParquetOptions candle_file_options();

struct Rewrite {
  std::vector<std::string> removed_paths;
  std::vector<CandleRow> kept;      // rows of the removed files that stay as they are
  iceberg::SequenceNumber read_at;  // for overwrite_files()
};

// `revised` holds the new rows. Errors: corrupt (a row to be revised is not in the table), io.
Result<Rewrite> plan_rewrite(const iceberg::Table& table, iceberg::FileIo& io,
                             const std::vector<CandleRow>& revised);

// Writes the rows as one file per partition, each in the table's sort order.
Result<std::vector<iceberg::DataFile>> write_candles(const iceberg::Table& table,
                                                     iceberg::FileIo& io,
                                                     std::vector<CandleRow> rows,
                                                     const std::string* interval = nullptr,
                                                     const std::string* reason = nullptr);

}  // namespace tradelake::silver
