// The log of a table's earlier metadata files.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// Adds the file that `next` replaces and cuts the log to write.metadata.previous-versions-max (100;
// at least 1). Returns the files that fell out of the log and may be deleted once `next` is
// committed: none unless write.metadata.delete-after-commit.enabled is true.
std::vector<std::string> log_previous_metadata(TableMetadata& next,
                                               const std::string& previous_file,
                                               std::int64_t previous_updated_ms);

}  // namespace tradelake::iceberg
