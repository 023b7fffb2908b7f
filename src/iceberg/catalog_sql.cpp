// The catalog in a database: Java's JdbcCatalog and PyIceberg's SqlCatalog open the same one.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "iceberg/catalog.h"
#include "iceberg/catalog_schema.h"
#include "iceberg/sql_session_pool.h"

namespace tradelake::iceberg {
namespace {

// Ends every statement on iceberg_tables.
#define TABLE_KEY_SQL                                                     \
  " WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3" \
  " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"
#define PROGRESS_KEY_SQL                                                          \
  " WHERE catalog_name = $1 AND pipeline = $2 AND topic = $3 AND topic_partition" \
  " = $4"

// How long an unanswered COMMIT is asked about; longer than the database keeps a dead connection's
// transaction (sql_session_postgres.cpp).
constexpr std::chrono::seconds resolve_for{60};
constexpr std::chrono::milliseconds resolve_again{250};

std::int64_t integer(const SqlValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  return number != nullptr ? *number : 0;
}

std::string text(const SqlValue& value) {
  const auto* bytes = std::get_if<std::string>(&value);
  return bytes != nullptr ? *bytes : std::string();
}

std::optional<std::int64_t> integer_or_nothing(const SqlValue& value) {
  return std::holds_alternative<std::monostate>(value) ? std::nullopt
                                                       : std::optional(integer(value));
}

SqlValue or_null(const std::optional<std::int64_t>& value) {
  return value ? SqlValue(*value) : SqlValue();
}

Result<> check(const TableIdent& ident) {
  if (ident.name_space.empty() || ident.name.empty() || ident.name_space.contains('.') ||
      ident.name.contains('.')) {
    return make_error(Errc::invalid_argument,
                      "\"{}\" is no table name; allowed is namespace.name, one level each",
                      to_string(ident));
  }
  return {};
}

// Longer than a commit takes; who stands still must not hold up the others.
constexpr std::chrono::milliseconds turn_patience{2000};

// BEGIN … COMMIT in a session of the pool; rolls back unless commit() was called.
class Work {
 public:
  static Result<Work> begin(SqlSessionPool& pool,
                            SqlSession::Access access = SqlSession::Access::write) {
    TL_ASSIGN(auto session, pool.borrow());
    TL_TRY(session->begin(access));
    return Work(std::move(session));
  }
  Work(Work&& other) noexcept = default;
  Work& operator=(Work&&) = delete;
  ~Work() {
    if (session_ && !ended_) session_->rollback();
  }
  Result<> commit() {
    auto done = session_->commit();
    ended_ = done.has_value();
    return done;
  }
  SqlSession* operator->() const { return &*session_; }

 private:
  explicit Work(SqlSessionPool::Lease session) : session_(std::move(session)) {}
  SqlSessionPool::Lease session_;
  bool ended_ = false;
};

// By a connection of its own.
class SessionHold final : public PipelineHold {
 public:
  SessionHold(std::unique_ptr<SqlSession> session, std::string pipeline)
      : session_(std::move(session)), pipeline_(std::move(pipeline)) {}
  Result<bool> keep() override { return session_->share(pipeline_); }

 private:
  const std::unique_ptr<SqlSession> session_;
  const std::string pipeline_;
};

enum class Reach { program, spark };  // who can come to the catalog

class SqlCatalog final : public Catalog {
 public:
  SqlCatalog(SqlSessionPool::Open open, std::string name, Reach reach)
      : open_(open), sessions_(std::move(open)), name_(std::move(name)), reach_(reach) {}

  // Errors: those of opening a session, which name its address.
  Result<> connect() {
    TL_TRY(sessions_.borrow());
    return {};
  }

  Result<> make_tables() {
    TL_ASSIGN(auto work, Work::begin(sessions_));
    TL_TRY(work->script(std::string(catalog_tables_sql)));
    TL_ASSIGN(const bool has_type, work->has_column("iceberg_tables", "iceberg_type"));
    if (!has_type) TL_TRY(work->script(std::string(add_type_column_sql)));
    TL_ASSIGN(const bool has_lost, work->has_column("tradelake_progress", "lost_until_us"));
    if (!has_lost) TL_TRY(work->script(std::string(add_lost_column_sql)));
    return work.commit();
  }

  Result<std::vector<TableIdent>> list_tables() override {
    TL_ASSIGN(const auto rows, read("SELECT table_namespace, table_name FROM iceberg_tables"
                                    " WHERE catalog_name = $1"
                                    " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"
                                    " ORDER BY 1, 2",
                                    {name_}));
    std::vector<TableIdent> tables;
    for (const auto& row : rows) tables.push_back({text(row[0]), text(row[1])});
    return tables;
  }

  Result<std::string> metadata_location(const TableIdent& table) override {
    TL_ASSIGN(const auto work, Work::begin(sessions_, SqlSession::Access::read));
    return location(work, table);
  }

  std::unique_ptr<CommitQueue::Turn> turn(CommitQueue::Company company) override {
    auto own = queue_.wait(company, turn_patience);
    if (own == nullptr) return nullptr;
    auto session = sessions_.borrow();
    if (!session || !(*session)->enter_queue(name_, company == CommitQueue::Company::none))
      return own;
    return std::make_unique<QueuedTurn>(std::move(own), *std::move(session));
  }

  Result<std::unique_ptr<PipelineHold>> hold(const std::string& pipeline) override {
    if (reach_ == Reach::program) return nullptr;
    TL_ASSIGN(auto session, open_());
    return std::make_unique<SessionHold>(std::move(session), pipeline);
  }

  Result<CatalogCut> cut(std::span<const TableIdent> tables, const std::string& pipeline) override {
    TL_ASSIGN(const auto work, Work::begin(sessions_, SqlSession::Access::read));
    CatalogCut cut;
    for (const auto& table : tables) {
      TL_ASSIGN(auto found, location(work, table));
      cut.locations.push_back(std::move(found));
    }
    TL_ASSIGN(cut.progress, progress_rows(work, pipeline));
    return cut;
  }

  Result<> create_table(const TableIdent& table, const std::string& metadata_location) override {
    TL_TRY(check(table));
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto work, Work::begin(sessions_));
    TL_TRY(
        work->change("INSERT INTO iceberg_namespace_properties"
                     " (catalog_name, namespace, property_key, property_value)"
                     " VALUES ($1, $2, 'exists', 'true') ON CONFLICT DO NOTHING",
                     {name_, table.name_space}));
    TL_ASSIGN(const auto inserted,
              work->change("INSERT INTO iceberg_tables (catalog_name, table_namespace,"
                           " table_name, metadata_location, iceberg_type)"
                           " VALUES ($1, $2, $3, $4, 'TABLE') ON CONFLICT DO NOTHING",
                           {name_, table.name_space, table.name, metadata_location}));
    if (inserted == 0) {
      return make_error(Errc::already_exists, "{} exists in the catalog", to_string(table));
    }
    return work.commit();
  }

  Result<std::vector<ProgressRow>> progress(const std::string& pipeline) override {
    TL_ASSIGN(const auto work, Work::begin(sessions_, SqlSession::Access::read));
    return progress_rows(work, pipeline);
  }

  Result<std::vector<TableCommit>> table_commits(const std::string& pipeline) override {
    TL_ASSIGN(const auto rows, read("SELECT table_namespace, table_name, commit_id"
                                    " FROM tradelake_table_commits"
                                    " WHERE catalog_name = $1 AND pipeline = $2 ORDER BY 1, 2",
                                    {name_, pipeline}));
    std::vector<TableCommit> commits;
    for (const auto& row : rows) commits.push_back({{text(row[0]), text(row[1])}, text(row[2])});
    return commits;
  }

  Result<> commit(const CatalogCommit& commit) override {
    const std::scoped_lock lock(mutex_);
    auto done = try_commit(commit);
    if (done || done.error().code != Errc::unknown_outcome || !resolves_) return done;
    return resolve(commit, done.error());
  }

 private:
  Result<std::vector<SqlRow>> read(std::string_view sql,
                                   std::initializer_list<SqlValue> parameters) {
    TL_ASSIGN(const auto work, Work::begin(sessions_, SqlSession::Access::read));
    return work->query(sql, parameters);
  }

  // The next two within a transaction of the caller's.
  Result<std::string> location(const Work& work, const TableIdent& table) {
    TL_ASSIGN(const auto rows,
              work->query("SELECT metadata_location FROM iceberg_tables" TABLE_KEY_SQL,
                          {name_, table.name_space, table.name}));
    if (rows.empty()) {
      return make_error(Errc::not_found, "table {} does not exist", to_string(table));
    }
    if (std::holds_alternative<std::monostate>(rows[0][0])) {
      return make_error(Errc::corrupt, "the catalog has no metadata location for {}",
                        to_string(table));
    }
    return text(rows[0][0]);
  }

  Result<std::vector<ProgressRow>> progress_rows(const Work& work, const std::string& pipeline) {
    TL_ASSIGN(const auto rows,
              work->query("SELECT topic, topic_partition, next_offset, replay_from, topic_id,"
                          " epoch, max_trade_time_us, lost_until_us FROM tradelake_progress"
                          " WHERE catalog_name = $1 AND pipeline = $2 ORDER BY 1, 2",
                          {name_, pipeline}));
    std::vector<ProgressRow> progress;
    for (const auto& row : rows) {
      progress.push_back({.topic = text(row[0]),
                          .partition = static_cast<std::int32_t>(integer(row[1])),
                          .next_offset = integer(row[2]),
                          .replay_from = integer(row[3]),
                          .topic_id = text(row[4]),
                          .epoch = integer(row[5]),
                          .max_trade_time_us = integer_or_nothing(row[6]),
                          .lost_until_us = integer_or_nothing(row[7])});
    }
    return progress;
  }

  Result<> try_commit(const CatalogCommit& commit) {
    TL_ASSIGN(auto work, Work::begin(sessions_));
    resolves_ = work->resolves_unknown_outcomes();
    // The fence before the pointers: who has lost a partition must stop, not refresh and retry.
    for (const auto& update : commit.progress) TL_TRY(move_progress(work, commit.pipeline, update));
    for (const auto& swap : commit.swaps) TL_TRY(swap_pointer(work, swap));
    for (const auto& done : commit.table_commits) {
      TL_TRY(work->change(
          "INSERT INTO tradelake_table_commits (catalog_name, pipeline,"
          " table_namespace, table_name, commit_id) VALUES ($1, $2, $3, $4, $5)"
          " ON CONFLICT (catalog_name, pipeline, table_namespace, table_name)"
          " DO UPDATE SET commit_id = excluded.commit_id",
          {name_, commit.pipeline, done.table.name_space, done.table.name, done.commit_id}));
    }
    return work.commit();
  }

  Result<> move_progress(const Work& work, const std::string& pipeline,
                         const ProgressUpdate& update) {
    const auto& row = update.updated;
    const SqlValue partition = std::int64_t{row.partition};
    std::int64_t changed = 0;
    if (update.expected) {
      TL_ASSIGN(changed,
                work->change("UPDATE tradelake_progress SET next_offset = $5,"
                             " replay_from = $6, topic_id = $7, epoch = $8,"
                             " max_trade_time_us = $9, lost_until_us = $10" PROGRESS_KEY_SQL
                             " AND next_offset = $11 AND epoch = $12",
                             {name_, pipeline, row.topic, partition, row.next_offset,
                              row.replay_from, row.topic_id, row.epoch,
                              or_null(row.max_trade_time_us), or_null(row.lost_until_us),
                              update.expected->next_offset, update.expected->epoch}));
    } else {
      TL_ASSIGN(changed,
                work->change("INSERT INTO tradelake_progress (catalog_name, pipeline, topic,"
                             " topic_partition, next_offset, replay_from, topic_id, epoch,"
                             " max_trade_time_us, lost_until_us)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                             " ON CONFLICT DO NOTHING",
                             {name_, pipeline, row.topic, partition, row.next_offset,
                              row.replay_from, row.topic_id, row.epoch,
                              or_null(row.max_trade_time_us), or_null(row.lost_until_us)}));
    }
    if (changed == 1) return {};
    TL_ASSIGN(const auto found, stored(work, pipeline, row, ""));
    const auto describe = [](const std::optional<ProgressRow>& known) {
      return known ? fmt::format("offset {} of epoch {}", known->next_offset, known->epoch)
                   : std::string("nothing");
    };
    return make_error(Errc::fenced, "{} {}/{}: expected {}, another writer has left {}", pipeline,
                      row.topic, row.partition, describe(update.expected), describe(found));
  }

  Result<> swap_pointer(const Work& work, const PointerSwap& swap) {
    TL_ASSIGN(const auto changed, work->change("UPDATE iceberg_tables SET metadata_location = $5,"
                                               " previous_metadata_location = $4" TABLE_KEY_SQL
                                               " AND metadata_location = $4",
                                               {name_, swap.table.name_space, swap.table.name,
                                                swap.expected_location, swap.new_location}));
    if (changed == 1) return {};
    return make_error(Errc::conflict, "{} is no longer at {}", to_string(swap.table),
                      swap.expected_location);
  }

  // Offset and epoch of a progress row; nothing if there is none.
  Result<std::optional<ProgressRow>> stored(const Work& work, const std::string& pipeline,
                                            const ProgressRow& row, std::string_view lock) {
    TL_ASSIGN(const auto rows,
              work->query("SELECT next_offset, epoch FROM tradelake_progress" PROGRESS_KEY_SQL +
                              std::string(lock),
                          {name_, pipeline, row.topic, std::int64_t{row.partition}}));
    if (rows.empty()) return std::nullopt;
    ProgressRow found;
    found.next_offset = integer(rows[0][0]);
    found.epoch = integer(rows[0][1]);
    return found;
  }

  // COMMIT was sent and not answered. The rows it changed are locked until the database has ended
  // that transaction, one way or the other; so who holds their locks sees its outcome, and nothing
  // of it can follow. Errors: unavailable (it did not happen), unknown_outcome (nobody to ask in
  // time).
  Result<> resolve(const CatalogCommit& commit, const Error& unanswered) {
    const auto deadline = std::chrono::steady_clock::now() + resolve_for;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto happened = look_for(commit);
      if (happened) {
        if (*happened) return {};
        return make_error(Errc::unavailable, "{}; it did not take place", unanswered.message);
      }
      if (happened.error().code != Errc::unavailable) {
        return std::unexpected(Error{Errc::unknown_outcome, happened.error().message});
      }
      std::this_thread::sleep_for(resolve_again);
    }
    return std::unexpected(unanswered);
  }

  // Whether all of it is there. All of it or nothing is, so one thing that it changed tells.
  Result<bool> look_for(const CatalogCommit& commit) {
    TL_ASSIGN(auto work, Work::begin(sessions_));
    if (!commit.swaps.empty()) {
      const auto& swap = commit.swaps.front();
      TL_ASSIGN(const auto rows,
                work->query("SELECT metadata_location FROM iceberg_tables" TABLE_KEY_SQL +
                                std::string(work->lock_rows()),
                            {name_, swap.table.name_space, swap.table.name}));
      if (!rows.empty() && text(rows[0][0]) == swap.expected_location) return false;
      if (!rows.empty() && text(rows[0][0]) == swap.new_location) return true;
      // Another writer has committed since, onto ours or onto what was before: the progress tells.
    }
    if (commit.progress.empty()) {
      return make_error(Errc::unknown_outcome, "{} has moved on since",
                        to_string(commit.swaps.front().table));
    }
    const auto& update = commit.progress.front();
    // A row that was to be inserted has nothing to be locked by; inserting it waits for the other.
    if (!update.expected) {
      TL_TRY(work->change(
          "INSERT INTO tradelake_progress (catalog_name, pipeline, topic,"
          " topic_partition, next_offset, replay_from, topic_id, epoch)"
          " VALUES ($1, $2, $3, $4, -1, -1, '', -1) ON CONFLICT DO NOTHING",
          {name_, commit.pipeline, update.updated.topic, std::int64_t{update.updated.partition}}));
    }
    TL_ASSIGN(const auto found, stored(work, commit.pipeline, update.updated, work->lock_rows()));
    // The probe row is rolled back with this transaction.
    return found && found->next_offset == update.updated.next_offset &&
           found->epoch == update.updated.epoch;
  }

  // In this process's queue, and then in the database's, where other processes wait.
  class QueuedTurn final : public CommitQueue::Turn {
   public:
    QueuedTurn(std::unique_ptr<CommitQueue::Turn> own, SqlSessionPool::Lease session)
        : own_(std::move(own)), session_(std::move(session)) {}
    ~QueuedTurn() override { session_->leave_queue(); }

   private:
    std::unique_ptr<CommitQueue::Turn> own_;
    SqlSessionPool::Lease session_;
  };

  const SqlSessionPool::Open open_;
  SqlSessionPool sessions_;
  CommitQueue queue_;
  std::mutex mutex_;  // one change at a time
  const std::string name_;
  const Reach reach_;
  bool resolves_ = false;  // of the last commit: what became of it can be asked
};

Result<std::unique_ptr<Catalog>> make_catalog(SqlSessionPool::Open open, const std::string& where,
                                              const std::string& name, Reach reach) {
  auto catalog = std::make_unique<SqlCatalog>(std::move(open), name, reach);
  TL_TRY(catalog->connect());
  auto made = catalog->make_tables();
  // Two processes that make the same tables at once can get in each other's way.
  for (int again = 0; again < 3 && !made && made.error().code == Errc::conflict; ++again) {
    std::this_thread::sleep_for(resolve_again);
    made = catalog->make_tables();
  }
  if (!made) return in_context(std::move(made).error(), "catalog " + where);
  return catalog;
}

}  // namespace

std::unique_ptr<Catalog> catalog_in(SqlSessionPool::Open open, const std::string& name) {
  return std::make_unique<SqlCatalog>(std::move(open), name, Reach::program);
}

Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::string& path,
                                                     const std::string& name) {
  return make_catalog([path] { return open_sqlite_session(path); }, path, name, Reach::program);
}

Result<std::unique_ptr<Catalog>> open_postgres_catalog(const std::string& address,
                                                       const std::string& name) {
  return make_catalog([address] { return open_postgres_session(address); }, address, name,
                      Reach::spark);
}

}  // namespace tradelake::iceberg
