// Copy-on-write: which files of a table hold rows that are to go, such as candles that have a newer
// revision, and their other rows, which are written again as they are, whatever others have put
// into the table.
//
// Threads: functions. Does not: commit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/expression.h"
#include "iceberg/file_io.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/table.h"
#include "silver/candle_row.h"

namespace tradelake::iceberg {
class RowReader;
}

namespace tradelake::silver {

// How files of candles are encoded best, at commit or after.
iceberg::ParquetOptions candle_file_options();

struct Rewrite {
  std::vector<std::string> removed_paths;
  // What stays of the removed files: all columns of the table's current schema.
  std::vector<std::shared_ptr<arrow::Table>> kept;
  iceberg::SequenceNumber read_at;  // for overwrite_files()
};

// What declared columns are called in the table by now. Errors: corrupt (it has lost one).
Result<std::vector<std::string>> current_names(const iceberg::Table& table,
                                               const iceberg::Schema& declared,
                                               std::vector<std::string> names);

// Whether a row, of which the reader has the columns asked for, is to go.
using Goes = std::function<bool(const iceberg::RowReader& rows, std::int64_t row)>;
// Of the files that may match the filter. Names are current ones. Errors: io, corrupt.
Result<Rewrite> rewrite_without(const iceberg::Table& table, iceberg::FileIo& io,
                                const iceberg::Filter& filter,
                                const std::vector<std::string>& columns, const Goes& goes);

// `gone` are the candles whose rows, all of them, are to go. Errors: corrupt (one of them is not in
// the table, or the table has lost the columns that tell one candle from another), io.
Result<Rewrite> plan_rewrite(const iceberg::Table& table, iceberg::FileIo& io,
                             const std::vector<CandleRow>& gone);

// Writes the rows, and those kept of removed files among them, as one file per partition, each in
// the order of category, symbol and open_time. Errors: corrupt (as above), io.
Result<std::vector<iceberg::DataFile>> write_candles(
    const iceberg::Table& table, iceberg::FileIo& io, std::vector<CandleRow> rows,
    const std::vector<std::shared_ptr<arrow::Table>>& kept = {});

}  // namespace tradelake::silver
