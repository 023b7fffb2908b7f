// Whether a database has the catalog's tables with all their columns, for whoever looks after it.
//
// Threads: functions. Does not: make or change anything; judge types.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/sql_session.h"

namespace tradelake::iceberg {

struct LayoutGap {
  std::string table;
  std::vector<std::string> columns;  // that it lacks
  bool whole = false;                // it is not there at all
};

// Of each table that is not as catalog_schema.h makes it. `session` has begun a transaction.
// Errors: unavailable, io, corrupt.
Result<std::vector<LayoutGap>> layout_gaps(SqlSession& session);

}  // namespace tradelake::iceberg
