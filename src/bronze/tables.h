// The bronze tables as docs/tables.md describes them: columns with ids and doc texts, partitions,
// sort order, properties.
#pragma once

#include <map>
#include <string>

#include "iceberg/table.h"

namespace tradelake::bronze {

// What every table of ours starts with: metadata files of past commits are removed beyond the last
// hundred, and other engines' writers are told our codec.
std::map<std::string, std::string> table_properties();

iceberg::TableDefinition trades_table();
iceberg::TableDefinition dead_letters_table();
iceberg::TableDefinition klines_table();

}  // namespace tradelake::bronze
