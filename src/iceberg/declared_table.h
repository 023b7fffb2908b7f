// Bringing a table that exists up to what this version of the program declares.
//
// Adds declared columns that the table never had, and takes a table that is still partitioned as an
// earlier version made it over to the partitioning declared now; its files stay readable. What
// anybody else has changed stays: nothing is removed, renamed, moved or narrowed, and a table whose
// partitioning was ever changed, or that has the property tradelake.partition-spec = keep, keeps
// it. Threads: functions.
#pragma once

#include "core/error.h"
#include "iceberg/table.h"

namespace tradelake::iceberg {

// One commit, or none if there is nothing to do. Errors: those of Transaction::commit();
// invalid_argument (a declared column is required).
Result<> bring_up_to_date(Catalog& catalog, FileIo& io, const TableDefinition& definition,
                          Table& table);

}  // namespace tradelake::iceberg
