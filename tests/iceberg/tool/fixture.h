// Metadata files that other implementations have made, kept in a folder of this repository.
//
// Threads: functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace tradelake::iceberg {

// The files below `folder` as if they were below `root`, where they were made: what dump_json()
// says of the table at root/`metadata`, the folder names of its partitions, and the data files that
// are planned for each filter, as one line of JSON on standard output.
Result<> read_fixture(const std::string& folder, const std::string& root,
                      const std::string& metadata, const nlohmann::json& filters);

}  // namespace tradelake::iceberg
