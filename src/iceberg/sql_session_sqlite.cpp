#include "iceberg/sql_session.h"

#include <algorithm>
#include <utility>

#include "core/sqlite.h"

namespace tradelake::iceberg {
namespace {

class SqliteSession final : public SqlSession {
 public:
  explicit SqliteSession(Database database) : database_(std::move(database)) {}

  Result<> begin(Access access) override {
    return database_.execute(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
  }

  Result<std::vector<SqlRow>> query(std::string_view sql,
                                    std::initializer_list<SqlValue> parameters) override {
    TL_ASSIGN(auto statement, prepare(sql, parameters));
    std::vector<SqlRow> rows;
    while (true) {
      TL_ASSIGN(const bool more, statement.step());
      if (!more) return rows;
      SqlRow row;
      for (int column = 0; column < statement.columns(); ++column) {
        if (statement.is_null(column)) {
          row.emplace_back();
        } else if (statement.is_integer(column)) {
          row.emplace_back(statement.integer(column));
        } else {
          row.emplace_back(std::string(statement.text(column)));
        }
      }
      rows.push_back(std::move(row));
    }
  }

  Result<std::int64_t> change(std::string_view sql,
                              std::initializer_list<SqlValue> parameters) override {
    TL_ASSIGN(auto statement, prepare(sql, parameters));
    TL_TRY(statement.run());
    return database_.changed_rows();
  }

  // A COMMIT that fails may have reached the disk: its frames can be found by the recovery of the
  // next process although this one has rolled back.
  Result<> commit() override {
    auto done = database_.execute("COMMIT");
    if (!done) return make_error(Errc::unknown_outcome, "{}", done.error().message);
    return {};
  }

  void rollback() noexcept override { (void)database_.execute("ROLLBACK"); }

  Result<> script(const std::string& sql) override { return database_.execute(sql); }

  Result<bool> has_column(const std::string& table, const std::string& column) override {
    TL_ASSIGN(const auto rows,
              query("SELECT 1 FROM pragma_table_info($1) WHERE name = $2", {table, column}));
    return !rows.empty();
  }

  // BEGIN IMMEDIATE locks the whole file already.
  std::string_view lock_rows() const override { return ""; }
  bool resolves_unknown_outcomes() const override { return false; }

 private:
  Result<Statement> prepare(std::string_view sql, std::initializer_list<SqlValue> parameters) {
    std::string own(sql);
    std::ranges::replace(own, '$', '?');
    TL_ASSIGN(auto statement, database_.prepare(own));
    int index = 0;
    for (const auto& value : parameters) {
      ++index;
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        statement.bind(index, *number);
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        statement.bind(index, std::string_view(*text));
      } else {
        statement.bind_null(index);
      }
    }
    return statement;
  }

  Database database_;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> open_sqlite_session(const std::string& path) {
  TL_ASSIGN(auto database, Database::open(path));
  return std::make_unique<SqliteSession>(std::move(database));
}

Result<std::unique_ptr<SqlSession>> open_sqlite_session_to_look(const std::string& path) {
  TL_ASSIGN(auto database, Database::open_to_look(path));
  return std::make_unique<SqliteSession>(std::move(database));
}

}  // namespace tradelake::iceberg
