// Good trades, dead letters and the exchange's candles between the log and the tables: of the
// commit that fills, or of the one that is sealed.
//
// Threads: one writer; readers under the owner's lock.
#pragma once

#include <cstdint>
#include <vector>

#include "bronze/dead_letters.h"
#include "bronze/klines.h"
#include "bronze/trade_batch.h"

namespace tradelake::bronze {

struct PendingTrades {
  TradeBatch batch;
  std::vector<DeadLetter> dead;
  // Rows of the batch that may be repeats of trades in the table, in rising order.
  std::vector<std::uint32_t> old_rows;
  std::vector<KlineRow> klines;
  KlineCounts kline_counts;  // of all that was read of klines

  std::size_t rows() const { return batch.rows() + dead.size() + klines.size(); }
  // Takes away rows of the batch that are marked true, one mark a row.
  void remove(const std::vector<bool>& drop);
  void clear();
};

}  // namespace tradelake::bronze
