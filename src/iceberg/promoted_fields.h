// Columns that take their values from the entries of a map column: a field that the source has
// added arrives in the map at once, and becomes a column of its own when somebody says so.
//
// Which columns is written in the table's properties (`tradelake.promoted.<column id>` =
// "<map column id>.<key>"), so that every writer sees it at its next look at the head. The entry
// stays in the map: nothing is lost where the text is no value of the column's type.
// Threads: functions, and an action. Does not: rewrite files (ops/promotion.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "iceberg/action.h"
#include "iceberg/table_metadata.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

struct PromotedField {
  FieldId map, column;  // of the current schema
  std::string key;
  friend bool operator==(const PromotedField&, const PromotedField&) = default;
};

// Those whose map and column the table still has. What else the properties say is passed over.
std::vector<PromotedField> promoted_fields(const TableMetadata& metadata);

// Makes the column if it is not there. Errors of apply(): invalid_argument (no such map of text to
// text, a column of another type, a type that cannot be read from text).
std::unique_ptr<Action> promote_field(std::string map_column, std::string key, std::string column,
                                      TypePtr type, std::string doc = {});

// Rows with all columns of the current schema, by its names: where a promoted column is null and
// the map has the entry, the entry's value. Errors: unsupported (a map of other Arrow types).
Result<std::shared_ptr<arrow::Table>> fill_promoted(const TableMetadata& metadata,
                                                    std::shared_ptr<arrow::Table> rows);

}  // namespace tradelake::iceberg
