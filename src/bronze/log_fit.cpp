#include "bronze/log_fit.h"

namespace tradelake::bronze {

std::optional<Misfit> misfit(const iceberg::ProgressRow& row, std::string_view topic_id,
                             const log::OffsetRange& range) {
  if (row.topic_id != topic_id) return Misfit::recreated;
  if (range.end < row.next_offset) return Misfit::ends_before;
  if (range.start > row.next_offset) return Misfit::starts_after;
  return std::nullopt;
}

}  // namespace tradelake::bronze
