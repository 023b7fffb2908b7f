// From when on bronze.trades has every trade that there was: what is before its oldest hour is
// gone, or was never there. spark/tradelake_spark/held.py says the same.
//
// Threads: functions. Does not: look into snapshots of the past, which expire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"

namespace tradelake::bronze {

struct TimeExtent {
  std::int64_t oldest_us = 0, newest_us = 0;
};

// Of a declared timestamp column of the table's head, nothing if there is no row: by the bounds of
// its files; those without bounds, or of which rows were deleted, are read. Errors: those of
// reading.
Result<std::optional<TimeExtent>> time_extent(const iceberg::Table& table,
                                              const iceberg::Schema& declared,
                                              const std::string& column, iceberg::FileIo& io);

// What a retention calls for: rows before this time, whole partitions of `unit`, counted back from
// now or the newest row.
std::int64_t called_for_us(std::int64_t newest_us, std::int64_t retention_us, std::int64_t unit_us,
                           std::int64_t now_us);

// The start of the oldest `unit` (a table's partition) with a row that a retention (0: for ever)
// has not called for by now.
std::int64_t kept_from_us(const TimeExtent& extent, std::int64_t retention_us, std::int64_t unit_us,
                          std::int64_t now_us);

}  // namespace tradelake::bronze
