// metadata.json, format version 2, to and from bytes («Appendix C: JSON serialization»).
//
// Threads: pure functions. Integers are int64 from end to end.
// Does not: read format version 1 or 3 and later (unsupported).
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

std::string to_json(const TableMetadata& metadata);

// Accepts gzip, too (`.gz.metadata.json`), and Java's current-snapshot-id -1.
// Errors: corrupt (says which field), unsupported.
Result<TableMetadata> table_metadata_from_json(std::string_view bytes);

}  // namespace tradelake::iceberg
