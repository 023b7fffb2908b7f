// The catalog in SQLite: pointers, the fence, and all or nothing.
#include "iceberg/catalog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/sqlite.h"
#include "iceberg/catalog_layout.h"
#include "iceberg/catalog_schema.h"
#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

const TableIdent trades{"bronze", "trades"};
const TableIdent dead_letters{"bronze", "dead_letters"};

ProgressRow row(std::int64_t next_offset, std::int64_t epoch = 0) {
  return {.topic = "t",
          .partition = 2,
          .next_offset = next_offset,
          .replay_from = next_offset - 1,
          .topic_id = "id",
          .epoch = epoch,
          .max_trade_time_us = std::nullopt,
          .lost_until_us = next_offset * 10};
}

class CatalogTest : public LakeTest {
 protected:
  CatalogTest() {
    EXPECT_TRUE(catalog_->create_table(trades, "t0"));
    EXPECT_TRUE(catalog_->create_table(dead_letters, "d0"));
  }

  std::optional<Errc> error_of(const CatalogCommit& commit) {
    const auto done = catalog_->commit(commit);
    if (done) return std::nullopt;
    return done.error().code;
  }
};

TEST_F(CatalogTest, SwapsPointersAndProgressTogether) {
  const CatalogCommit commit{.swaps = {{trades, "t0", "t1"}, {dead_letters, "d0", "d1"}},
                             .pipeline = "sink",
                             .progress = {{std::nullopt, row(5)}},
                             .table_commits = {{trades, "c1"}, {dead_letters, "c1"}}};
  ASSERT_TRUE(catalog_->commit(commit));
  EXPECT_EQ(*catalog_->metadata_location(trades), "t1");
  EXPECT_EQ(*catalog_->metadata_location(dead_letters), "d1");
  const auto progress = *catalog_->progress("sink");
  ASSERT_EQ(progress.size(), 1U);
  EXPECT_EQ(progress[0].next_offset, 5);
  EXPECT_EQ(progress[0].replay_from, 4);
  EXPECT_EQ(progress[0].topic_id, "id");
  EXPECT_EQ(progress[0].max_trade_time_us, std::nullopt);
  EXPECT_EQ(progress[0].lost_until_us, 50);
  EXPECT_EQ(catalog_->table_commits("sink")->size(), 2U);
  EXPECT_TRUE(catalog_->progress("other")->empty());
}

TEST_F(CatalogTest, AMovedPointerIsAConflictAndChangesNothing) {
  const CatalogCommit commit{.swaps = {{trades, "t0", "t1"}, {dead_letters, "elsewhere", "d1"}},
                             .pipeline = "sink",
                             .progress = {{std::nullopt, row(5)}},
                             .table_commits = {{trades, "c1"}}};
  EXPECT_EQ(error_of(commit), Errc::conflict);
  EXPECT_EQ(*catalog_->metadata_location(trades), "t0");
  EXPECT_TRUE(catalog_->progress("sink")->empty());
  EXPECT_TRUE(catalog_->table_commits("sink")->empty());
}

TEST_F(CatalogTest, AnotherOffsetOrEpochOrAnUnexpectedRowIsFenced) {
  ASSERT_TRUE(catalog_->commit({.swaps = {},
                                .pipeline = "sink",
                                .progress = {{std::nullopt, row(5)}},
                                .table_commits = {}}));
  const auto with = [](std::optional<ProgressRow> expected) {
    return CatalogCommit{.swaps = {{trades, "t0", "t1"}},
                         .pipeline = "sink",
                         .progress = {{std::move(expected), row(9)}},
                         .table_commits = {}};
  };
  EXPECT_EQ(error_of(with(std::nullopt)), Errc::fenced);
  EXPECT_EQ(error_of(with(row(4))), Errc::fenced);
  EXPECT_EQ(error_of(with(row(5, 1))), Errc::fenced);
  EXPECT_EQ(*catalog_->metadata_location(trades), "t0");
  EXPECT_EQ(catalog_->progress("sink")->at(0).next_offset, 5);
  EXPECT_TRUE(catalog_->commit(with(row(5))));
  EXPECT_EQ(catalog_->progress("sink")->at(0).next_offset, 9);
}

TEST_F(CatalogTest, AMissingRowThatWasExpectedIsFenced) {
  EXPECT_EQ(
      error_of(
          {.swaps = {}, .pipeline = "sink", .progress = {{row(5), row(6)}}, .table_commits = {}}),
      Errc::fenced);
}

TEST_F(CatalogTest, TheFenceIsCheckedBeforeThePointers) {
  EXPECT_EQ(error_of({.swaps = {{trades, "elsewhere", "t1"}},
                      .pipeline = "sink",
                      .progress = {{row(5), row(6)}},
                      .table_commits = {}}),
            Errc::fenced);
}

TEST_F(CatalogTest, OnlyOneOfTwoWritersMovesAPointer) {
  std::atomic<int> moved = 0;
  std::atomic<int> conflicts = 0;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      auto own = *open_sqlite_catalog(database(), "tradelake");
      const auto done = own->commit({.swaps = {{trades, "t0", fmt::format("w{}", writer)}},
                                     .pipeline = "",
                                     .progress = {},
                                     .table_commits = {}});
      (done ? moved : conflicts)++;
      if (!done) {
        EXPECT_EQ(done.error().code, Errc::conflict) << done.error().message;
      }
    });
  }
  writers.clear();
  EXPECT_EQ(moved, 1);
  EXPECT_EQ(conflicts, 3);
}

TEST_F(CatalogTest, ATableIsMadeOnce) {
  EXPECT_EQ(catalog_->create_table(trades, "x").error().code, Errc::already_exists);
  EXPECT_EQ(catalog_->create_table({"a.b", "c"}, "x").error().code, Errc::invalid_argument);
  EXPECT_EQ(catalog_->metadata_location({"bronze", "none"}).error().code, Errc::not_found);
  EXPECT_EQ(*catalog_->list_tables(), (std::vector<TableIdent>{dead_letters, trades}));
  EXPECT_TRUE((*open_sqlite_catalog(database(), "another"))->list_tables()->empty());
}

TEST_F(CatalogTest, ViewsAreNoTables) {
  auto raw = *Database::open(database());
  ASSERT_TRUE(
      raw.execute("INSERT INTO iceberg_tables VALUES ('tradelake','bronze','v','x',NULL,'VIEW'),"
                  "('tradelake','bronze','old','o0',NULL,NULL)"));
  EXPECT_EQ(catalog_->metadata_location({"bronze", "v"}).error().code, Errc::not_found);
  EXPECT_EQ(catalog_->list_tables()->size(), 3U);
  EXPECT_TRUE(catalog_->commit({.swaps = {{{"bronze", "old"}, "o0", "o1"}},
                                .pipeline = "",
                                .progress = {},
                                .table_commits = {}}));
}

TEST(SqliteCatalog, AddsTheTypeColumnToACatalogOfTheOldLayout) {
  const auto path = std::filesystem::temp_directory_path() / ("tradelake-" + random_uuid());
  {
    auto raw = *Database::open(path);
    ASSERT_TRUE(raw.execute(
        "CREATE TABLE iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace "
        "VARCHAR(255)"
        " NOT NULL, table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000),"
        " previous_metadata_location VARCHAR(1000), PRIMARY KEY (catalog_name, table_namespace,"
        " table_name)); INSERT INTO iceberg_tables VALUES ('c','n','t','m0',NULL)"));
  }
  for (int i = 0; i < 2; ++i) {
    auto catalog = *open_sqlite_catalog(path, "c");
    EXPECT_EQ(*catalog->metadata_location({"n", "t"}), "m0");
  }
  std::filesystem::remove(path);
}

TEST(SqliteCatalog, AFileThatIsNoDatabaseIsCorrupt) {
  const auto path = std::filesystem::temp_directory_path() / ("tradelake-" + random_uuid());
  auto io = *make_local_file_io();
  ASSERT_TRUE(io->write_new(path.native(), std::string(5000, 'x')));
  EXPECT_EQ(open_sqlite_catalog(path, "c").error().code, Errc::corrupt);
  std::filesystem::remove(path);
}

TEST_F(CatalogTest, LooksAtALayoutWithoutMakingOne) {
  const auto session = *open_sqlite_session(":memory:");
  auto gaps = *layout_gaps(*session);
  ASSERT_EQ(gaps.size(), 4U);
  for (const auto& gap : gaps) EXPECT_TRUE(gap.whole) << gap.table;
  ASSERT_TRUE(session->script(std::string(catalog_tables_sql)));
  EXPECT_TRUE(layout_gaps(*session)->empty());
  ASSERT_TRUE(session->script("ALTER TABLE tradelake_progress DROP COLUMN epoch"));
  gaps = *layout_gaps(*session);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].table, "tradelake_progress");
  EXPECT_EQ(gaps[0].columns, std::vector<std::string>{"epoch"});
  EXPECT_FALSE(gaps[0].whole);
}

}  // namespace
}  // namespace tradelake::iceberg
