// The tables that the candles pipeline writes, as it knows their heads.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "iceberg/table.h"
#include "silver/tables.h"

namespace tradelake::silver {

struct SilverTables {
  std::array<iceberg::Table, stored_intervals.size()> candles;  // as stored_intervals
  iceberg::Table revisions, late_trades, gaps;

  iceberg::Table& minutes() { return candles.front(); }
  const iceberg::Table& minutes() const { return candles.front(); }

  // Those that are to be there, with what is declared of them.
  using Declared = std::vector<std::pair<iceberg::Table*, iceberg::TableDefinition>>;
  Declared declared() {
    Declared all;
    for (std::size_t n = 0; n < candles.size(); ++n)
      all.emplace_back(&candles[n], candle_table(stored_intervals[n]));
    all.emplace_back(&revisions, candle_revisions_table());
    all.emplace_back(&late_trades, late_trades_table());
    all.emplace_back(&gaps, coverage_gaps_table());
    return all;
  }
};

}  // namespace tradelake::silver
