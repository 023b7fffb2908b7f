// The places in the log that a snapshot stands for, as its summary has them:
// {"TOPIC": {"PARTITION": next offset}} (docs/architecture.md, "Exactly once").
//
// Threads: functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "log/lag.h"

namespace tradelake::bronze {

// Partitions of which nothing was read are left out.
std::string offsets_to_json(const log::NextOffsets& offsets);
// Nothing if it is not of that form.
std::optional<log::NextOffsets> offsets_from_json(std::string_view text);

}  // namespace tradelake::bronze
