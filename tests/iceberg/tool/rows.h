// Rows into a table and out of it, as Arrow IPC files.
//
// Threads: functions.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace tradelake::iceberg {

// Appends rows that have the table's columns, in files of its current partition spec.
Result<> append_rows(const std::string& catalog, const std::string& name, const std::string& path);

// All rows of the current snapshot into a file.
Result<> read_rows(const std::string& catalog, const std::string& name, const std::string& path);

// For each filter, [[column, comparison, value in hexadecimal…], …], one line of JSON on standard
// output: how many data files are planned, and the values of the long column `id` of its rows.
Result<> select_ids(const std::string& catalog, const std::string& name,
                    const nlohmann::json& filters);

}  // namespace tradelake::iceberg
