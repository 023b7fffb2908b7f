// Copy-on-write of candles: which files of a table hold rows that have a newer revision, and their
// other rows, which are written again as they are, whatever others have put into the table.
//
// Threads: functions. Does not: commit.
#pragma once

#include <memory>
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
  // What stays of the removed files: all columns of the table's current schema.
  std::vector<std::shared_ptr<arrow::Table>> kept;
  iceberg::SequenceNumber read_at;  // for overwrite_files()
};

// `revised` holds the new rows. Errors: corrupt (a row to be revised is not in the table, or the
// table has lost the columns that tell one candle from another), io.
Result<Rewrite> plan_rewrite(const iceberg::Table& table, iceberg::FileIo& io,
                             const std::vector<CandleRow>& revised);

// Writes the rows, and those kept of removed files among them, as one file per partition, each in
// the order of category, symbol and open_time. Errors: corrupt (as above), io.
Result<std::vector<iceberg::DataFile>> write_candles(
    const iceberg::Table& table, iceberg::FileIo& io, std::vector<CandleRow> rows,
    const std::vector<std::shared_ptr<arrow::Table>>& kept = {});

}  // namespace tradelake::silver
