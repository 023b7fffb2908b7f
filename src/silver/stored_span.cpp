#include "silver/stored_span.h"

#include <algorithm>

#include "iceberg/declared_schema.h"
#include "iceberg/scan.h"
#include "silver/candle_arrow.h"
#include "silver/tables.h"

namespace tradelake::silver {

Result<> visit_stored(const iceberg::Table& table, iceberg::FileIo& io, std::int64_t from_us,
                      std::int64_t to_us, MarketFilter& filter,
                      const std::function<void(CandleRow row)>& visit) {
  if (from_us >= to_us) return {};
  const auto metadata = iceberg::as_declared(table.metadata, candle_schema());
  const auto span = iceberg::half_open("open_time", from_us, to_us);
  TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, span));
  for (const auto& file : files) {
    TL_TRY(visit_candles(table, io, file, span, [&](CandleRow row) {
      if (filter.takes(row.category, row.symbol)) visit(std::move(row));
    }));
  }
  return {};
}

void take_in(std::optional<StoredCandle>& stored, CandleRow row) {
  if (!stored) {
    stored = {std::move(row)};
    return;
  }
  ++stored->times;
  stored->row.revision = std::max(stored->row.revision, row.revision);
}

}  // namespace tradelake::silver
