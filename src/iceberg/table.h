// A table as loaded from the catalog, and creation.
//
// Threads: a Table is a value; its metadata is shared and immutable.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"

namespace tradelake::iceberg {

struct Table {
  TableIdent ident;
  std::string metadata_location;
  TableMetadataPtr metadata;
};

struct TableDefinition {
  TableIdent ident;
  Schema schema;
  PartitionSpec spec;
  SortOrder sort_order;
  std::map<std::string, std::string> properties;
  std::vector<PartitionSpec> earlier_specs = {};  // of earlier versions of this program
};

// The table whose pointer is known. Errors: corrupt (no such file, or not a table's), unsupported,
// io, unavailable.
Result<Table> load_table_at(FileIo& io, const TableIdent& ident, std::string metadata_location);

// Errors: not_found, corrupt, unsupported (a format version other than 2), io, unavailable.
Result<Table> load_table(Catalog& catalog, FileIo& io, const TableIdent& ident);

// Loads the table and brings it up to date (declared_table.h), or makes it at
// WAREHOUSE/<namespace>/<name>.
Result<Table> ensure_table(Catalog& catalog, FileIo& io, const std::string& warehouse_uri,
                           const TableDefinition& definition);

}  // namespace tradelake::iceberg
