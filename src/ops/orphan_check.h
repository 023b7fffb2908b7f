// Files in a table's folder that no snapshot leads to: left by commits that did not take place.
//
// Threads: functions. Does not: remove any (`tradelake table orphans` does), or count what is
// younger than three days.
#pragma once

#include <chrono>
#include <cstdint>

#include "iceberg/file_io.h"
#include "ops/check.h"
#include "ops/table_heads.h"

namespace tradelake::ops {

// Information, one check for all tables.
Check check_orphans(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                    std::chrono::steady_clock::time_point deadline);

}  // namespace tradelake::ops
