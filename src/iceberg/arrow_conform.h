// Arrow data as it was built, made to carry exactly the types of an Iceberg schema, without
// copying.
//
// Threads: functions without state.
// Does not: convert values. Only names and nullability inside lists, maps and structs, and the
// storage of uuid, are let pass; dictionary-encoded top-level columns stay encoded.
#pragma once

#include <memory>

#include "core/error.h"
#include "iceberg/schema.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

// Columns are found by name and put in the schema's order, with its field ids.
// Errors: invalid_argument: a column is missing, unknown, of another type, or null although
// required.
Result<std::shared_ptr<arrow::Table>> conform(const Schema& schema, const arrow::Table& rows);

}  // namespace tradelake::iceberg
