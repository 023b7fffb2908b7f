#include "core/sqlite.h"

#include <filesystem>

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
    case SQLITE_INTERRUPT:
      return make_error(Errc::cancelled, "{}: not done in time", where);
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

Result<Database> Database::open_file(const std::string& path, const std::string& name, int flags) {
  Database database;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database.handle_.reset(handle);
  if (code != SQLITE_OK) {
    return make_error(Errc::io, "cannot open {}: {}", path,
                      handle != nullptr ? sqlite3_errmsg(handle) : "out of memory");
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5'000);
  return database;
}

Result<Database> Database::open(const std::string& path, int page_bytes) {
  TL_ASSIGN(auto database, open_file(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // The page size counts only before the file is first written.
  TL_TRY(database.execute(fmt::format(
      "PRAGMA page_size={}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", page_bytes)));
  return database;
}

Result<Database> Database::open_to_look(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::exists(path, error)) {
    return make_error(error ? Errc::io : Errc::not_found, "{}: {}", path,
                      error ? error.message() : "there is no such file");
  }
  // What a process that died has left in the write-ahead log stays there for the next that writes.
  const auto left = fs::file_size(path + "-wal", error);
  const bool keep = !error && left > 0;
  const auto open = [&](const std::string& name, int flags) -> Result<Database> {
    TL_ASSIGN(auto database, open_file(path, name, flags));
    if (keep)
      sqlite3_db_config(database.handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TL_TRY(database.execute("PRAGMA query_only=ON; SELECT count(*) FROM sqlite_schema;"));
    return database;
  };
  // Not read-only, or the files for sharing that it makes would stay behind.
  auto shared = open(path, SQLITE_OPEN_READWRITE);
  if (shared || keep || shared.error().code != Errc::io) return shared;
  std::string uri = "file:";
  for (const char c : path)
    uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02x}", c) : std::string(1, c);
  return open(uri + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

void Database::stop_after(std::chrono::milliseconds time) {
  constexpr int instructions_between_looks = 10'000;
  deadline_ = std::make_unique<std::chrono::steady_clock::time_point>(
      std::chrono::steady_clock::now() + time);
  sqlite3_progress_handler(
      handle_.get(), instructions_between_looks,
      [](void* deadline) {
        return static_cast<int>(std::chrono::steady_clock::now() >=
                                *static_cast<std::chrono::steady_clock::time_point*>(deadline));
      },
      deadline_.get());
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
