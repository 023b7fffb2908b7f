// The bronze tables as docs/tables.md describes them: columns with ids and doc texts, partitions,
// sort order, properties.
#pragma once

#include "iceberg/table.h"

namespace tradelake::bronze {

iceberg::TableDefinition trades_table();
iceberg::TableDefinition dead_letters_table();

}  // namespace tradelake::bronze
