// The catalog in a SQLite file. PyIceberg's SqlCatalog and Java's JdbcCatalog open the same file.
#include <mutex>
#include <utility>

#include "core/sqlite.h"
#include "iceberg/catalog.h"
#include "iceberg/catalog_sql.h"

namespace tradelake::iceberg {
namespace {

// Ends every statement on iceberg_tables.
#define TABLE_KEY_SQL                                                     \
  " WHERE catalog_name = ?1 AND table_namespace = ?2 AND table_name = ?3" \
  " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"

Result<> check(const TableIdent& ident) {
  if (ident.name_space.empty() || ident.name.empty() || ident.name_space.contains('.') ||
      ident.name.contains('.')) {
    return make_error(Errc::invalid_argument,
                      "\"{}\" is no table name; allowed is namespace.name, one level each",
                      to_string(ident));
  }
  return {};
}

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(Database database, std::string name)
      : database_(std::move(database)), name_(std::move(name)) {}

  Result<> make_tables() {
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    TL_TRY(database_.execute(std::string(catalog_tables_sql)));
    TL_ASSIGN(auto columns,
              database_.prepare(
                  "SELECT 1 FROM pragma_table_info('iceberg_tables') WHERE name = 'iceberg_type'"));
    TL_ASSIGN(const bool has_type, columns.step());
    columns.reset();
    if (!has_type) TL_TRY(database_.execute(std::string(add_type_column_sql)));
    return transaction.commit();
  }

  Result<std::vector<TableIdent>> list_tables() override {
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto rows, database_.prepare("SELECT table_namespace, table_name FROM iceberg_tables"
                                           " WHERE catalog_name = ?1"
                                           " AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)"
                                           " ORDER BY 1, 2"));
    rows.bind(1, name_);
    std::vector<TableIdent> tables;
    while (true) {
      TL_ASSIGN(const bool row, rows.step());
      if (!row) return tables;
      tables.push_back({std::string(rows.text(0)), std::string(rows.text(1))});
    }
  }

  Result<std::string> metadata_location(const TableIdent& table) override {
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto location, pointer(table));
    if (!location) return make_error(Errc::not_found, "table {} does not exist", to_string(table));
    return *std::move(location);
  }

  Result<> create_table(const TableIdent& table, const std::string& metadata_location) override {
    TL_TRY(check(table));
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    TL_ASSIGN(auto taken, database_.prepare("SELECT 1 FROM iceberg_tables WHERE catalog_name = ?1"
                                            " AND table_namespace = ?2 AND table_name = ?3"));
    taken.bind(1, name_).bind(2, table.name_space).bind(3, table.name);
    TL_ASSIGN(const bool exists, taken.step());
    taken.reset();
    if (exists) {
      return make_error(Errc::already_exists, "{} exists in the catalog", to_string(table));
    }
    TL_ASSIGN(auto name_space,
              database_.prepare("INSERT OR IGNORE INTO iceberg_namespace_properties"
                                " (catalog_name, namespace, property_key, property_value)"
                                " VALUES (?1, ?2, 'exists', 'true')"));
    TL_TRY(name_space.bind(1, name_).bind(2, table.name_space).run());
    TL_ASSIGN(auto insert,
              database_.prepare("INSERT INTO iceberg_tables (catalog_name, table_namespace,"
                                " table_name, metadata_location, iceberg_type)"
                                " VALUES (?1, ?2, ?3, ?4, 'TABLE')"));
    TL_TRY(insert.bind(1, name_)
               .bind(2, table.name_space)
               .bind(3, table.name)
               .bind(4, metadata_location)
               .run());
    return finish(transaction);
  }

  Result<std::vector<ProgressRow>> progress(const std::string& pipeline) override {
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto rows,
              database_.prepare("SELECT topic, topic_partition, next_offset, replay_from, topic_id,"
                                " epoch, max_trade_time_us FROM tradelake_progress"
                                " WHERE catalog_name = ?1 AND pipeline = ?2 ORDER BY 1, 2"));
    rows.bind(1, name_).bind(2, pipeline);
    std::vector<ProgressRow> progress;
    while (true) {
      TL_ASSIGN(const bool row, rows.step());
      if (!row) return progress;
      progress.push_back(
          {.topic = std::string(rows.text(0)),
           .partition = static_cast<std::int32_t>(rows.integer(1)),
           .next_offset = rows.integer(2),
           .replay_from = rows.integer(3),
           .topic_id = std::string(rows.text(4)),
           .epoch = rows.integer(5),
           .max_trade_time_us = rows.is_null(6) ? std::nullopt : std::optional(rows.integer(6))});
    }
  }

  Result<std::vector<TableCommit>> table_commits(const std::string& pipeline) override {
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto rows,
              database_.prepare("SELECT table_namespace, table_name, commit_id"
                                " FROM tradelake_table_commits"
                                " WHERE catalog_name = ?1 AND pipeline = ?2 ORDER BY 1, 2"));
    rows.bind(1, name_).bind(2, pipeline);
    std::vector<TableCommit> commits;
    while (true) {
      TL_ASSIGN(const bool row, rows.step());
      if (!row) return commits;
      commits.push_back(
          {{std::string(rows.text(0)), std::string(rows.text(1))}, std::string(rows.text(2))});
    }
  }

  Result<> commit(const CatalogCommit& commit) override {
    const std::scoped_lock lock(mutex_);
    TL_ASSIGN(auto transaction, SqliteTransaction::begin(database_));
    // The fence before the pointers: who has lost a partition must stop, not refresh and retry.
    for (const auto& update : commit.progress) TL_TRY(check_fence(commit.pipeline, update));
    for (const auto& swap : commit.swaps) TL_TRY(swap_pointer(swap));
    for (const auto& update : commit.progress) TL_TRY(write_progress(commit.pipeline, update));
    for (const auto& done : commit.table_commits) {
      TL_TRY(write_table_commit(commit.pipeline, done));
    }
    return finish(transaction);
  }

 private:
  // A COMMIT that fails may have reached the disk: its frames can be found by the recovery of the
  // next process although this one has rolled back.
  static Result<> finish(SqliteTransaction& transaction) {
    auto done = transaction.commit();
    if (!done) return make_error(Errc::unknown_outcome, "{}", done.error().message);
    return {};
  }

  // Nothing if there is no such table.
  Result<std::optional<std::string>> pointer(const TableIdent& table) {
    TL_ASSIGN(auto rows,
              database_.prepare("SELECT metadata_location FROM iceberg_tables" TABLE_KEY_SQL));
    rows.bind(1, name_).bind(2, table.name_space).bind(3, table.name);
    TL_ASSIGN(const bool row, rows.step());
    if (!row) return std::optional<std::string>{};
    if (rows.is_null(0)) {
      return make_error(Errc::corrupt, "the catalog has no metadata location for {}",
                        to_string(table));
    }
    return std::optional(std::string(rows.text(0)));
  }

  Result<> check_fence(const std::string& pipeline, const ProgressUpdate& update) {
    const auto& updated = update.updated;
    TL_ASSIGN(auto rows, database_.prepare("SELECT next_offset, epoch FROM tradelake_progress"
                                           " WHERE catalog_name = ?1 AND pipeline = ?2"
                                           " AND topic = ?3 AND topic_partition = ?4"));
    rows.bind(1, name_).bind(2, pipeline).bind(3, updated.topic).bind(4, updated.partition);
    TL_ASSIGN(const bool row, rows.step());
    const auto found =
        row ? fmt::format("offset {} of epoch {}", rows.integer(0), rows.integer(1)) : "nothing";
    const auto expected = update.expected
                              ? fmt::format("offset {} of epoch {}", update.expected->next_offset,
                                            update.expected->epoch)
                              : "nothing";
    if (found == expected) return {};
    return make_error(Errc::fenced, "{} {}/{}: expected {}, another writer has left {}", pipeline,
                      updated.topic, updated.partition, expected, found);
  }

  Result<> swap_pointer(const PointerSwap& swap) {
    TL_ASSIGN(auto update, database_.prepare("UPDATE iceberg_tables SET metadata_location = ?5,"
                                             " previous_metadata_location = ?4" TABLE_KEY_SQL
                                             " AND metadata_location = ?4"));
    TL_TRY(update.bind(1, name_)
               .bind(2, swap.table.name_space)
               .bind(3, swap.table.name)
               .bind(4, swap.expected_location)
               .bind(5, swap.new_location)
               .run());
    if (database_.changed_rows() == 1) return {};
    return make_error(Errc::conflict, "{} is no longer at {}", to_string(swap.table),
                      swap.expected_location);
  }

  Result<> write_progress(const std::string& pipeline, const ProgressUpdate& update) {
    const auto& row = update.updated;
    TL_ASSIGN(auto upsert,
              database_.prepare("INSERT OR REPLACE INTO tradelake_progress (catalog_name, pipeline,"
                                " topic, topic_partition, next_offset, replay_from, topic_id,"
                                " epoch, max_trade_time_us)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    upsert.bind(1, name_)
        .bind(2, pipeline)
        .bind(3, row.topic)
        .bind(4, row.partition)
        .bind(5, row.next_offset)
        .bind(6, row.replay_from)
        .bind(7, row.topic_id)
        .bind(8, row.epoch);
    if (row.max_trade_time_us) {
      upsert.bind(9, *row.max_trade_time_us);
    } else {
      upsert.bind_null(9);
    }
    return upsert.run();
  }

  Result<> write_table_commit(const std::string& pipeline, const TableCommit& done) {
    TL_ASSIGN(auto upsert,
              database_.prepare("INSERT OR REPLACE INTO tradelake_table_commits (catalog_name,"
                                " pipeline, table_namespace, table_name, commit_id)"
                                " VALUES (?1, ?2, ?3, ?4, ?5)"));
    return upsert.bind(1, name_)
        .bind(2, pipeline)
        .bind(3, done.table.name_space)
        .bind(4, done.table.name)
        .bind(5, done.commit_id)
        .run();
  }

  std::mutex mutex_;
  Database database_;
  const std::string name_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::string& path,
                                                     const std::string& name) {
  TL_ASSIGN(auto database, Database::open(path));
  auto catalog = std::make_unique<SqliteCatalog>(std::move(database), name);
  auto made = catalog->make_tables();
  if (!made) return in_context(std::move(made).error(), "catalog " + path);
  return catalog;
}

}  // namespace tradelake::iceberg
