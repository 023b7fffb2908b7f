// The silver tables as docs/tables.md describes them.
#pragma once

#include "iceberg/table.h"
#include "silver/intervals.h"

namespace tradelake::silver {

// The columns that the tables of all intervals have.
const iceberg::Schema& candle_schema();

iceberg::TableDefinition candle_table(const StoredInterval& interval);
iceberg::TableDefinition candle_revisions_table();
iceberg::TableDefinition late_trades_table();
iceberg::TableDefinition coverage_gaps_table();

}  // namespace tradelake::silver
