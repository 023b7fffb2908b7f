// The silver tables as docs/tables.md describes them.
#pragma once

#include "iceberg/table.h"

namespace tradelake::silver {

iceberg::TableDefinition candles_1m_table();
iceberg::TableDefinition candle_revisions_table();
iceberg::TableDefinition late_trades_table();
iceberg::TableDefinition coverage_gaps_table();

}  // namespace tradelake::silver
