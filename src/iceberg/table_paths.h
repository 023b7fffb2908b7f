// Where a table's files are, and what its metadata files are called.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// LOCATION/metadata, or the property write.metadata.path; no trailing slash.
std::string metadata_folder(const TableMetadata& metadata);
// LOCATION/data, or the property write.data.path; no trailing slash.
std::string data_folder(const TableMetadata& metadata);

// FOLDER/<version, 5 digits>-<uuid>.metadata.json. The version follows the previous file's, and is
// 0 if there is none or its name has none.
std::string next_metadata_location(const TableMetadata& metadata, std::string_view previous);

}  // namespace tradelake::iceberg
