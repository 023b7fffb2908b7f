// Schemas and rows as text for a terminal.
//
// Threads: functions.
#pragma once

#include <cstdint>
#include <string>

#include "iceberg/schema.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

std::string schema_as_text(const Schema& schema);
// One line per row, values separated by tabs, at most `limit` rows.
std::string rows_as_text(const arrow::Table& rows, std::int64_t limit);

}  // namespace tradelake::iceberg
