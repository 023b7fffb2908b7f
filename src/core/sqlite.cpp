#include "core/sqlite.h"

#include <sqlite3.h>

namespace tradelake {
namespace {

std::unexpected<Error> sqlite_error(sqlite3* database, int code) {
  const char* file = sqlite3_db_filename(database, "main");
  const std::string where = file != nullptr ? file : "?";
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make_error(Errc::corrupt, "{}: {}", where, sqlite3_errmsg(database));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make_error(Errc::unavailable, "{}: {}", where, sqlite3_errmsg(database));
    case SQLITE_CONSTRAINT:
      return make_error(Errc::conflict, "{}: {}", where, sqlite3_errmsg(database));
    default:
      return make_error(Errc::io, "{}: {}", where, sqlite3_errmsg(database));
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

// Binding fails only for an index outside the statement, which the first run of a test would show
// as SQLITE_RANGE in step()'s missing parameter; nothing a caller could do about it.
Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(handle_.get(), index, text.data() != nullptr ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(handle_.get(), index, bytes.data() != nullptr ? bytes.data() : "",
                      bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(handle_.get(), index);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = sqlite_error(sqlite3_db_handle(handle_.get()), code);
  sqlite3_reset(handle_.get());
  return error;
}

Result<> Statement::run() {
  while (true) {
    TL_ASSIGN(const bool row, step());
    if (!row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

bool Statement::is_integer(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_INTEGER;
}

int Statement::columns() const {
  return sqlite3_column_count(handle_.get());
}

Result<Database> Database::open(const std::string& path, int page_bytes) {
  Database database;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.handle_.reset(handle);
  if (code != SQLITE_OK) {
    return make_error(Errc::io, "cannot open {}: {}", path,
                      handle != nullptr ? sqlite3_errmsg(handle) : "out of memory");
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5'000);
  // The page size counts only before the file is first written.
  TL_TRY(database.execute(fmt::format(
      "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", page_bytes)));
  return database;
}

Result<> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_.get(), code);
  Statement statement;
  statement.handle_.reset(handle);
  return statement;
}

std::int64_t Database::changed_rows() const {
  return sqlite3_changes64(handle_.get());
}

Result<SqliteTransaction> SqliteTransaction::begin(Database& database) {
  TL_TRY(database.execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(database);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Result<> SqliteTransaction::commit() {
  TL_TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace tradelake
