// The judge: reads the tables from the warehouse, through their metadata and Parquet files, and
// holds them against what was expected.
//
// At every snapshot of bronze and of late_trades: exactly the rows below the offsets that its
// summary tells, each once. Of candles see candle_audit.h. At the heads: all of it, progress rows
// at the log's end. Of the metadata: ancestors linear, offsets never back, every file there, none
// added twice, counts that add up. Threads: one. Does not: know pipelines.
#pragma once

#include <string>
#include <vector>

#include "faults/expected.h"

namespace tradelake::faults {

struct Verdict {
  int lost = 0, doubled = 0;          // rows and candles at the heads, frames of the log
  std::vector<std::string> findings;  // what is wrong, lost and doubled ones too
};

Verdict audit(World& world, const Expected& expected);

}  // namespace tradelake::faults
