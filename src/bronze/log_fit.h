// Whether a progress row and the log belong together.
//
// Threads: functions. Does not: look at a log; say what to do.
#pragma once

#include <optional>
#include <string_view>

#include "iceberg/progress.h"
#include "log/log.h"

namespace tradelake::bronze {

enum class Misfit {
  recreated,     // the topic has another id
  ends_before,   // the committed offset, which was in the log once
  starts_after,  // the committed offset: what is between is in no table
};

// Of a partition's range in the log; nothing if they fit. The first that applies.
std::optional<Misfit> misfit(const iceberg::ProgressRow& row, std::string_view topic_id,
                             const log::OffsetRange& range);

}  // namespace tradelake::bronze
