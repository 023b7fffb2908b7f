// A connection to the catalog's database, as much of SQL as the catalog needs: SQLite or
// PostgreSQL.
//
// Threads: one at a time. Statements are written once for both: parameters $1, $2 …, upserts by ON
// CONFLICT. Invariant: outside begin() … commit() or rollback() nothing is changed.
// Does not: know the catalog's tables; retry; put a password into a message.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"

namespace tradelake::iceberg {

using SqlValue = std::variant<std::monostate, std::int64_t, std::string>;  // the first: NULL
using SqlRow = std::vector<SqlValue>;

class SqlSession {
 public:
  virtual ~SqlSession() = default;

  // Connects again if the connection was lost. Reading waits for no writer, and sees one moment.
  // Errors: unavailable, io.
  enum class Access { read, write };
  virtual Result<> begin(Access access) = 0;
  // Integers come as int64, everything else as text. Errors: unavailable (the connection is lost
  // and with it the transaction: nothing of it happened), conflict (a constraint), io, corrupt.
  virtual Result<std::vector<SqlRow>> query(std::string_view sql,
                                            std::initializer_list<SqlValue> parameters) = 0;
  // How many rows it changed.
  virtual Result<std::int64_t> change(std::string_view sql,
                                      std::initializer_list<SqlValue> parameters) = 0;
  // Errors: unknown_outcome (it was sent and not answered), and those of query().
  virtual Result<> commit() = 0;
  // What cannot be rolled back is dropped with its connection.
  virtual void rollback() noexcept = 0;

  // Any number of statements without parameters.
  virtual Result<> script(const std::string& sql) = 0;
  virtual Result<bool> has_column(const std::string& table, const std::string& column) = 0;
  // Behind a SELECT whose rows must not change, and no longer be changing, until the transaction
  // ends.
  virtual std::string_view lock_rows() const = 0;
  // Waits in the database's own queue of those who commit to the catalog `name`, until
  // leave_queue(); for a moment only: false if the turn did not come, or there is no such queue.
  virtual bool enter_queue(std::string_view name, bool alone) noexcept {
    (void)name, (void)alone;
    return false;
  }
  virtual void leave_queue() noexcept {}
  // Has the pipeline's tables together with other processes of the program, for as long as the
  // connection lives; false: a job of Spark's has them alone. Again after every loss of the
  // connection. Errors: unavailable, io.
  virtual Result<bool> share(std::string_view pipeline) {
    (void)pipeline;
    return true;
  }
  // Whether another connection can tell what became of a transaction whose end was not answered.
  virtual bool resolves_unknown_outcomes() const = 0;
};

// A SQLite file, made if missing. Errors: io, corrupt.
Result<std::unique_ptr<SqlSession>> open_sqlite_session(const std::string& path);

// One that is there, for looking at it only (core/sqlite.h, open_to_look). Errors: also not_found.
Result<std::unique_ptr<SqlSession>> open_sqlite_session_to_look(const std::string& path);

// postgresql://user@host:port/database; the password from PGPASSWORD, PGPASSWORD_FILE or
// PGPASSFILE, as libpq has it. Errors: invalid_argument (an address with a password in it, or none
// at all), unavailable.
Result<std::unique_ptr<SqlSession>> open_postgres_session(const std::string& address);

}  // namespace tradelake::iceberg
