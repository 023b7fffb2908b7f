#include <charconv>
#include <cstdlib>
#include <optional>

#include <libpq-fe.h>

#include "core/address.h"
#include "core/secret.h"
#include "iceberg/sql_session.h"

namespace tradelake::iceberg {
namespace {

using Connection =
    std::unique_ptr<PGconn, decltype([](PGconn* connection) { PQfinish(connection); })>;
using Answer = std::unique_ptr<PGresult, decltype([](PGresult* answer) { PQclear(answer); })>;

constexpr Oid int8_type = 20, int4_type = 23, int2_type = 21;

// A half-open connection must not hold row locks, and nobody waits for ever: milliseconds.
constexpr const char* session_options =
    "-c statement_timeout=15000 -c lock_timeout=12000 -c idle_in_transaction_session_timeout=10000";

// libpq ends its messages with a newline, and may have several lines.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

// Classes of PostgreSQL's appendix "Error Codes".
Errc code_of(std::string_view state) {
  if (state.starts_with("23")) return Errc::conflict;  // a constraint
  // Connection, serialization, shutdown, resources, lock or statement time-out, read-only standby.
  for (const auto away : {"08", "40", "53", "57", "55P03", "25006"}) {
    if (state.starts_with(away)) return Errc::unavailable;
  }
  if (state.starts_with("XX")) return Errc::corrupt;
  return Errc::io;
}

class PostgresSession final : public SqlSession {
 public:
  explicit PostgresSession(std::string address) : address_(std::move(address)) {}

  Result<> begin(Access access) override {
    // A connection that looked well may have died while it was idle: once more, on a new one.
    for (const bool last : {false, true}) {
      const bool fresh = !connection_;
      if (fresh) TL_TRY(connect());
      auto begun =
          run(access == Access::write ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
              {});
      if (begun) return {};
      if (last || fresh || connection_) return std::unexpected(std::move(begun).error());
    }
    return {};
  }

  Result<std::vector<SqlRow>> query(std::string_view sql,
                                    std::initializer_list<SqlValue> parameters) override {
    TL_ASSIGN(const auto answer, run(sql, parameters));
    std::vector<SqlRow> rows(static_cast<std::size_t>(PQntuples(answer.get())));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (int column = 0; column < PQnfields(answer.get()); ++column) {
        rows[r].push_back(value(answer.get(), static_cast<int>(r), column));
      }
    }
    return rows;
  }

  Result<std::int64_t> change(std::string_view sql,
                              std::initializer_list<SqlValue> parameters) override {
    TL_ASSIGN(const auto answer, run(sql, parameters));
    const std::string_view count = PQcmdTuples(answer.get());
    std::int64_t changed = 0;
    std::from_chars(count.data(), count.data() + count.size(), changed);
    return changed;
  }

  Result<> commit() override {
    if (!connection_) return make_error(Errc::unavailable, "{}: the connection is lost", shown());
    const Answer answer(PQexec(connection_.get(), "COMMIT"));
    // A transaction that has failed is rolled back by COMMIT, which is no error to PostgreSQL.
    if (PQresultStatus(answer.get()) == PGRES_COMMAND_OK) {
      if (std::string_view(PQcmdStatus(answer.get())) == "COMMIT") return {};
      return make_error(Errc::unavailable, "{}: the transaction was rolled back", shown());
    }
    const auto message = one_line(PQerrorMessage(connection_.get()));
    if (PQstatus(connection_.get()) == CONNECTION_OK) {
      return make_error(code_of(state(answer.get())), "{}: {}", shown(), message);
    }
    connection_.reset();
    return make_error(Errc::unknown_outcome, "{}: no answer to COMMIT: {}", shown(), message);
  }

  void rollback() noexcept override {
    if (!connection_) return;
    const Answer answer(PQexec(connection_.get(), "ROLLBACK"));
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) connection_.reset();
  }

  Result<> script(const std::string& sql) override {
    const Answer answer(PQexec(connection_.get(), sql.c_str()));
    return check(answer.get());
  }

  Result<bool> has_column(const std::string& table, const std::string& column) override {
    TL_ASSIGN(const auto rows,
              query("SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema()"
                    " AND table_name = $1 AND column_name = $2",
                    {table, column}));
    return !rows.empty();
  }

  std::string_view lock_rows() const override { return " FOR UPDATE"; }
  bool resolves_unknown_outcomes() const override { return true; }

  bool enter_queue(std::string_view name, bool alone) noexcept override {
    if (!connection_) return false;
    // One exchange; the timeout holds for it alone. A lock of the session, not of a transaction
    // that would stand idle while files are written.
    const auto sql =
        fmt::format("SELECT set_config('lock_timeout', '{}', true); SELECT pg_advisory_lock{}({})",
                    queue_patience_ms, alone ? "" : "_shared", queue_key(name));
    const Answer answer(PQexec(connection_.get(), sql.c_str()));
    if (PQstatus(connection_.get()) != CONNECTION_OK) connection_.reset();
    return connection_ && PQresultStatus(answer.get()) == PGRES_TUPLES_OK;
  }

  void leave_queue() noexcept override {
    if (!connection_) return;
    const Answer answer(PQexec(connection_.get(), "SELECT pg_advisory_unlock_all()"));
    // With the connection goes the lock.
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) connection_.reset();
  }

  // The key is the one that spark/tradelake_spark/owner.py takes alone. A lock of the session: the
  // end of the transaction leaves it.
  Result<bool> share(std::string_view pipeline) override {
    TL_TRY(begin(Access::read));
    const auto rows = query(
        "SELECT CAST(pg_try_advisory_lock_shared(hashtext('tradelake spark'), hashtext($1)) AS"
        " integer)",
        {std::string(pipeline)});
    rollback();
    if (!rows) return std::unexpected(rows.error());
    return rows->at(0).at(0) == SqlValue(std::int64_t{1});
  }

  Result<> connect() {
    TL_ASSIGN(const auto password, read_secret(::getenv, "PGPASSWORD"));
    // What stands in the address comes last, so that a user may set these otherwise.
    const char* names[] = {"application_name",
                           "connect_timeout",
                           "tcp_user_timeout",
                           "keepalives_idle",
                           "keepalives_interval",
                           "keepalives_count",
                           "options",
                           "password",
                           "dbname",
                           nullptr};
    const char* values[] = {
        "tradelake",      "5",    "10000", "5", "2", "3", session_options, password.c_str(),
        address_.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(names, values, 1));
    if (PQstatus(connection_.get()) == CONNECTION_OK) {
      PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
      return {};
    }
    const auto message = one_line(PQerrorMessage(connection_.get()));
    const bool needed_password = PQconnectionNeedsPassword(connection_.get()) == 1;
    connection_.reset();
    return make_error(
        Errc::unavailable, "cannot connect to {}: {}{}", shown(), message,
        needed_password ? " (the password is read from PGPASSWORD or PGPASSWORD_FILE)" : "");
  }

 private:
  std::string shown() const { return address_; }  // open_postgres_session() refused passwords

  static std::string_view state(const PGresult* answer) {
    const char* text = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    return text != nullptr ? text : "08006";
  }

  Result<> check(const PGresult* answer) {
    const auto status = PQresultStatus(answer);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    const auto message = one_line(PQerrorMessage(connection_.get()));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      connection_.reset();
      return make_error(Errc::unavailable, "{}: {}", shown(), message);
    }
    return make_error(code_of(state(answer)), "{}: {}", shown(), message);
  }

  Result<Answer> run(std::string_view sql, std::initializer_list<SqlValue> parameters) {
    if (!connection_) return make_error(Errc::unavailable, "{}: the connection is lost", shown());
    std::vector<std::string> texts;
    std::vector<const char*> pointers;
    texts.reserve(parameters.size());
    for (const auto& value : parameters) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        texts.push_back(std::to_string(*number));
      } else if (const auto* text = std::get_if<std::string>(&value)) {
        texts.push_back(*text);
      }
      pointers.push_back(std::holds_alternative<std::monostate>(value) ? nullptr
                                                                       : texts.back().c_str());
    }
    Answer answer(PQexecParams(connection_.get(), std::string(sql).c_str(),
                               static_cast<int>(pointers.size()), nullptr, pointers.data(), nullptr,
                               nullptr, 0));
    TL_TRY(check(answer.get()));
    return answer;
  }

  static SqlValue value(const PGresult* answer, int row, int column) {
    if (PQgetisnull(answer, row, column) == 1) return {};
    const std::string_view text(PQgetvalue(answer, row, column),
                                static_cast<std::size_t>(PQgetlength(answer, row, column)));
    const Oid type = PQftype(answer, column);
    if (type != int8_type && type != int4_type && type != int2_type) return std::string(text);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  static std::int64_t queue_key(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : "tradelake commits to " + std::string(name))
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return static_cast<std::int64_t>(hash);
  }

  static constexpr int queue_patience_ms = 2000;

  const std::string address_;
  Connection connection_;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> open_postgres_session(const std::string& address) {
  if (!address.starts_with("postgresql://") && !address.starts_with("postgres://")) {
    return make_error(Errc::invalid_argument,
                      "catalog is '{}'; allowed: postgresql://user@host:port/database", address);
  }
  if (has_password(address)) {
    return make_error(Errc::invalid_argument,
                      "catalog: the address holds a password, which everybody could read; leave it "
                      "out and set PGPASSWORD");
  }
  auto session = std::make_unique<PostgresSession>(address);
  TL_TRY(session->connect());
  return session;
}

}  // namespace tradelake::iceberg
