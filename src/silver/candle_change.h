// What one commit changes in the table of one interval: candles written for the first time, revised
// ones with why, and those that are taken out.
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
// A repair has made it from bronze.trades again (candle_repair.h).
inline constexpr std::string_view repair_reason = "repair";

struct CandleChange {
  const StoredInterval* interval = &minute_interval;
  std::vector<CandleRow> fresh;
  struct Revised {
    CandleRow row;
    std::string_view reason;
  };
  std::vector<Revised> revised;
  // In no snapshot's head any more, but corrected before: it is new in the table, and on record.
  std::vector<Revised> restored;
  // Taken out of the table. The row is for the record: no_candle() of what was there.
  std::vector<Revised> removed;

  bool empty() const { return count() == 0; }
  std::size_t count() const {
    return fresh.size() + revised.size() + restored.size() + removed.size();
  }
  // Candles with a sum that left decimal(38,18).
  std::size_t null_sums() const;
  // New rows appended; others replaced or taken out by copy-on-write. Errors: corrupt, io.
  Result<std::unique_ptr<iceberg::Action>> action(const iceberg::Table& table, iceberg::FileIo& io,
                                                  const iceberg::SnapshotNote& note) const;
};

// How candle_revisions tells that a candle is not there any more: its prices and times, no trades.
CandleRow no_candle(CandleRow was);

// Rows of candle_revisions, of all intervals. Errors: io.
Result<std::vector<iceberg::DataFile>> write_revisions(std::span<const CandleChange* const> changes,
                                                       const iceberg::Table& revisions,
                                                       iceberg::FileIo& io);

}  // namespace tradelake::silver
