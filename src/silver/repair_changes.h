// What a repair changes: candles as their tables have them against what they are to be.
//
// Threads: one. Memory: the candles that differ. Does not: read, make candles, or commit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/candle_change.h"
#include "silver/intervals.h"

namespace tradelake::silver {

// As it is in its table. One that is there several times has the greatest revision of them.
struct StoredCandle {
  CandleRow row;
  int times = 1;
};

class RepairChanges {
 public:
  // A candle that differs, for people: nothing where there is, or is to be, none.
  struct Difference {
    const StoredInterval* interval = nullptr;
    std::optional<StoredCandle> stored;
    std::optional<CandleRow> made;
  };

  RepairChanges(std::int64_t now_us, std::size_t most_shown);

  // Of the interval of that number in stored_intervals.
  void compare(std::size_t interval, const std::optional<StoredCandle>& stored,
               std::optional<CandleRow> made);
  // A candle that was corrected, taken out, and is there again goes on with its revisions. Once, at
  // the end. Errors: io, corrupt.
  Result<> continue_revisions(const iceberg::Table& revisions, iceberg::FileIo& io);

  bool empty() const { return count_ == 0; }
  std::int64_t differences() const { return count_; }
  const std::vector<Difference>& shown() const { return shown_; }  // the first ones
  const std::array<CandleChange, stored_intervals.size()>& of_intervals() const { return changes_; }

 private:
  const std::int64_t now_us_;
  const std::size_t most_shown_;
  std::array<CandleChange, stored_intervals.size()> changes_;
  std::vector<Difference> shown_;
  std::int64_t count_ = 0;
};

}  // namespace tradelake::silver
