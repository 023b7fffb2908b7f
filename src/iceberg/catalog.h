// The catalog: which metadata file is each table's head. Iceberg's JDBC layout (V1), shared with
// Spark and PyIceberg, plus our progress rows in the same database.
//
// Threads: all calls may come from any thread; one transaction at a time.
// Invariant: commit() swaps all pointers and all progress rows, or nothing.
// Does not: write or delete files; retry; log connection strings.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/commit_queue.h"
#include "iceberg/progress.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

struct TableIdent {
  std::string name_space;  // "bronze"; levels joined by dots are not supported
  std::string name;
  friend auto operator<=>(const TableIdent&, const TableIdent&) = default;
};

std::string to_string(const TableIdent& ident);  // "bronze.trades"

struct PointerSwap {
  TableIdent table;
  std::string expected_location;
  std::string new_location;
};

// What the pipeline last wrote to a table, checked on start against the table's own snapshots.
struct TableCommit {
  TableIdent table;
  std::string commit_id;
};

// Pointers and progress as they are together: what the tables hold is what the rows say.
struct CatalogCut {
  std::vector<std::string> locations;  // of the tables asked for, in their order
  std::vector<ProgressRow> progress;
};

struct CatalogCommit {
  std::vector<PointerSwap> swaps;
  std::string pipeline;  // empty: no progress
  std::vector<ProgressUpdate> progress;
  std::vector<TableCommit> table_commits;
};

// While it lives, no job of Spark's begins to write the pipeline's tables: it waits, and gives up.
// Threads: one at a time.
class PipelineHold {
 public:
  virtual ~PipelineHold() = default;
  // Also after the database was away, and with it the hold. False: a job has the tables. Errors:
  // unavailable, io.
  virtual Result<bool> keep() = 0;
};

class Catalog {
 public:
  virtual ~Catalog() = default;

  virtual Result<std::vector<TableIdent>> list_tables() = 0;
  // The pointer. Errors: not_found, unavailable, corrupt.
  virtual Result<std::string> metadata_location(const TableIdent& table) = 0;
  // Registers a table at its first metadata file; makes the namespace. Errors: already_exists.
  virtual Result<> create_table(const TableIdent& table, const std::string& metadata_location) = 0;

  // Errors: not_found (one of the tables), unavailable, corrupt.
  virtual Result<CatalogCut> cut(std::span<const TableIdent> tables,
                                 const std::string& pipeline) = 0;
  virtual Result<std::vector<ProgressRow>> progress(const std::string& pipeline) = 0;
  virtual Result<std::vector<TableCommit>> table_commits(const std::string& pipeline) = 0;

  // A turn to commit in, held while the change is made and committed (commit_queue.h); nullptr: go
  // without.
  virtual std::unique_ptr<CommitQueue::Turn> turn(CommitQueue::Company) { return nullptr; }

  // Of a pipeline's process; keep() has not been called yet. nullptr: Spark cannot come to this
  // catalog. Errors: unavailable, io.
  virtual Result<std::unique_ptr<PipelineHold>> hold(const std::string& pipeline) {
    (void)pipeline;
    return nullptr;
  }

  // Errors: conflict (a pointer is not where the batch expected it; nothing changed: refresh and
  // retry), fenced (a progress row is not as expected; nothing changed), unknown_outcome, io,
  // unavailable (nothing changed).
  virtual Result<> commit(const CatalogCommit& commit) = 0;
};

// A SQLite file (made if missing) holding the catalog `name`. Errors: io, corrupt.
Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::string& path,
                                                     const std::string& name);

// The same in PostgreSQL, postgresql://user@host:port/database; the password as in sql_session.h.
// commit() asks what became of a COMMIT that was not answered; unknown_outcome is left only when
// nobody answers for a minute. Errors: invalid_argument (a password in the address), unavailable.
Result<std::unique_ptr<Catalog>> open_postgres_catalog(const std::string& address,
                                                       const std::string& name);

class SqlSession;

// The catalog `name` in a database that has its tables, which are left as they are; `open` makes a
// session of it.
std::unique_ptr<Catalog> catalog_in(std::function<Result<std::unique_ptr<SqlSession>>()> open,
                                    const std::string& name);

}  // namespace tradelake::iceberg
