// The columns that a program declares, found in a table that others may have changed meanwhile:
// renamed, dropped, moved, widened, or beside columns that the program has never heard of.
//
// A declared column is the table's column of the same id if that ever had the declared name; else
// (the program has added it to a table that had the id in use) the one that ever had the name. So
// it is found under whatever name it has now, and one that somebody made anew after dropping ours
// is not taken for ours. Looks at all schemas that the metadata holds.
// Threads: pure functions. Does not: follow columns inside structs that have other ids than
// declared; change tables (declared_table.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// The id of a declared top-level column in this table, which may have dropped it; nothing if the
// table never had it.
std::optional<FieldId> id_in_table(const TableMetadata& metadata, const NestedField& declared);

// Rows with the declared columns, by their declared names, as rows of the table's current schema:
// its names, types and order; null where the program knows no such column.
// Errors: invalid_argument (a required column of the table is not declared, a column is missing),
// unsupported (a type that the table's cannot be made from).
Result<std::shared_ptr<arrow::Table>> fit_rows(const TableMetadata& metadata,
                                               const Schema& declared,
                                               std::shared_ptr<arrow::Table> rows);

// The same of the columns that the options name.
ParquetOptions fit_options(const TableMetadata& metadata, const Schema& declared,
                           ParquetOptions options);

// For reading: the metadata with a current schema that has exactly the declared columns, by their
// declared names and of the table's types; null if the table has dropped them. The metadata itself
// where that is what it says already.
TableMetadataPtr as_declared(const TableMetadataPtr& metadata, const Schema& declared);

// The same with these of the declared columns alone, in this order: for readers of whole files.
// Errors: corrupt (the table has lost one of them).
Result<TableMetadataPtr> with_columns(const TableMetadataPtr& metadata, const Schema& declared,
                                      const std::vector<std::string>& names);

}  // namespace tradelake::iceberg
