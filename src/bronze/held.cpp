#include "bronze/held.h"

#include <algorithm>

#include <arrow/table.h>

#include "core/time.h"
#include "iceberg/column_bounds.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::bronze {
namespace {

void take_in(std::optional<TimeExtent>& extent, std::int64_t oldest_us, std::int64_t newest_us) {
  if (!extent) extent = {oldest_us, newest_us};
  extent->oldest_us = std::min(extent->oldest_us, oldest_us);
  extent->newest_us = std::max(extent->newest_us, newest_us);
}

}  // namespace

Result<std::optional<TimeExtent>> time_extent(const iceberg::Table& table,
                                              const iceberg::Schema& declared,
                                              const std::string& column, iceberg::FileIo& io) {
  const auto metadata = iceberg::as_declared(table.metadata, declared);
  const auto& field = *metadata->schema().find(std::string_view(column));
  std::optional<TimeExtent> extent;
  TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, {}));
  for (const auto& file : files) {
    const auto oldest =
        iceberg::bound_as<std::int64_t>(file.file.lower_bounds, field.id, *field.type);
    const auto newest =
        iceberg::bound_as<std::int64_t>(file.file.upper_bounds, field.id, *field.type);
    if (oldest && newest && file.deletes.empty()) {
      take_in(extent, *oldest, *newest);
      continue;
    }
    TL_ASSIGN(const auto rows, iceberg::read_data_file(*metadata, io, file, {column}, {}));
    const iceberg::RowReader reader(*rows);
    for (std::int64_t row = 0; row < reader.rows(); ++row) {
      if (!reader.is_null(0, row)) take_in(extent, reader.integer(0, row), reader.integer(0, row));
    }
  }
  return extent;
}

std::int64_t called_for_us(std::int64_t newest_us, std::int64_t retention_us, std::int64_t unit_us,
                           std::int64_t now_us) {
  return floor_to(std::min(now_us, newest_us) - retention_us, unit_us);
}

// One that came again since its partition went would be alone in it.
std::int64_t kept_from_us(const TimeExtent& extent, std::int64_t retention_us, std::int64_t unit_us,
                          std::int64_t now_us) {
  const std::int64_t oldest_us = floor_to(extent.oldest_us, unit_us);
  if (retention_us == 0) return oldest_us;
  return std::max(oldest_us, called_for_us(extent.newest_us, retention_us, unit_us, now_us));
}

}  // namespace tradelake::bronze
