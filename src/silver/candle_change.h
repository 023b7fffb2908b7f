// What one commit changes in the table of one interval: candles written for the first time, and
// revised ones with why.
//
// Threads: values and functions. Does not: decide what changes, or commit.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/action.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/candle_row.h"
#include "silver/intervals.h"

namespace tradelake::silver {

// As candle_revisions.reason says them.
inline constexpr std::string_view late_trade = "late_trade";
// It was written before its time was over, because an end marker came, and then went on.
inline constexpr std::string_view extended = "extended";

struct CandleChange {
  const StoredInterval* interval = &minute_interval;
  std::vector<CandleRow> fresh;
  struct Revised {
    CandleRow row;
    std::string_view reason;
  };
  std::vector<Revised> revised;

  bool empty() const { return fresh.empty() && revised.empty(); }
  // Candles with a sum that left decimal(38,18).
  std::size_t null_sums() const;
  // New rows appended; rows with a newer revision replaced by copy-on-write. Errors: corrupt, io.
  Result<std::unique_ptr<iceberg::Action>> action(const iceberg::Table& table, iceberg::FileIo& io,
                                                  const iceberg::SnapshotNote& note) const;
};

// Rows of candle_revisions, of all intervals. Errors: io.
Result<std::vector<iceberg::DataFile>> write_revisions(std::span<const CandleChange* const> changes,
                                                       const iceberg::Table& revisions,
                                                       iceberg::FileIo& io);

}  // namespace tradelake::silver
