// Actions that move and make refs: tags, branches, and main back in time.
//
// Threads: as Action. Snapshots and files stay as they are. Errors of all: invalid_argument, with
// the ref or snapshot and what is allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "iceberg/action.h"

namespace tradelake::iceberg {

// The current snapshot if none is named; a tag of that name moves. It keeps its snapshot until it
// is older than `max_age_ms`, for ever if there is none.
std::unique_ptr<Action> set_tag(std::string name, std::optional<SnapshotId> snapshot = {},
                                std::optional<std::int64_t> max_age_ms = {});
// Not main.
std::unique_ptr<Action> set_branch(std::string name, std::optional<SnapshotId> snapshot = {},
                                   std::optional<std::int64_t> max_age_ms = {});
// A tag, or a branch that is not main.
std::unique_ptr<Action> remove_tag(std::string name);
std::unique_ptr<Action> remove_branch(std::string name);

// Main to one of its ancestors; nothing: to before the first snapshot.
std::unique_ptr<Action> roll_back_to(std::optional<SnapshotId> snapshot);
// Main to its newest ancestor of that time or before.
std::unique_ptr<Action> roll_back_to_time(std::int64_t time_ms);

}  // namespace tradelake::iceberg
