// A thin owner around SQLite: connections, prepared statements, and its result codes as Errors.
//
// Threads: a Database and its Statements belong to one thread at a time.
// Does not: hide SQL.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tradelake {

class Statement {
 public:
  Statement() = default;

  // Parameters count from 1. Text and blobs must live until the next step() or reset().
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  // True: a row is there; false: done. Errors: unavailable (another process has held the
  // file for longer than the time-out), io (full, refused), corrupt, conflict (a constraint),
  // cancelled (the time for looking is over).
  Result<bool> step();
  // Runs to the end and resets.
  Result<> run();
  void reset();

  // Columns count from 0; views live until the next step() or reset().
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;
  int columns() const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  // Opens or creates the file: WAL, synchronous=FULL (a commit that returned survives a power cut),
  // 5 s busy time-out. Errors: io, corrupt.
  static Result<Database> open(const std::string& path, int page_bytes = 4096);

  // A file that is there, to be looked at while others may write: nothing is made, changed or kept
  // from anybody, and what cannot even be shared (a full disk, another user's folder) is read as it
  // lies there. Errors: not_found, io, corrupt, unavailable.
  static Result<Database> open_to_look(const std::string& path);
  // From now on statements end with cancelled once the time is over.
  void stop_after(std::chrono::milliseconds time);

  Result<> execute(const std::string& sql);  // any number of statements, no parameters
  Result<Statement> prepare(std::string_view sql);
  std::int64_t changed_rows() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  // `name` is the path, or a URI of it.
  static Result<Database> open_file(const std::string& path, const std::string& name, int flags);

  std::unique_ptr<std::chrono::steady_clock::time_point> deadline_;  // outlives the handle
  std::unique_ptr<sqlite3, Close> handle_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back unless commit() succeeded.
class SqliteTransaction {
 public:
  static Result<SqliteTransaction> begin(Database& database);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  Result<> commit();

 private:
  explicit SqliteTransaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace tradelake
