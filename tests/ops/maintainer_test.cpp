// Maintenance of real tables in a folder: the rows stay what they were, whatever is merged, dropped
// and expired, and whoever else commits meanwhile.
#include "ops/maintainer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include <arrow/api.h>

#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/new_data_file.h"
#include "iceberg/passing_catalog.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

using Rows = std::multiset<std::pair<std::string, std::int64_t>>;  // symbol, time

class MaintainerTest : public LakeTest {
 protected:
  MaintainerTest() {
    policy_.retention_us = {{"bronze.trades", 0}};
    policy_.cpu_share = 1;
    policy_.rules.quiet_us = 0;
  }

  Table make_trades() {
    Schema schema{SchemaId{0},
                  {{FieldId{1}, "symbol", primitive(TypeKind::string), true, ""},
                   {FieldId{2}, "trade_time", primitive(TypeKind::timestamp), true, ""}},
                  {}};
    const auto by = [](std::int32_t id) {
      return SortField{FieldId{id}, parse_transform("identity"), true, true};
    };
    return *ensure_table(
        *catalog_, *io_, warehouse(),
        {.ident = {"bronze", "trades"},
         .schema = schema,
         .spec = {SpecId{0},
                  {{FieldId{2}, FieldId{1000}, "trade_time_hour", parse_transform("hour")}}},
         .sort_order = {SortOrderId{1}, {by(1), by(2)}},
         .properties = {}});
  }

  // One commit of a few rows of an hour, sorted.
  void commit(Table& table, std::int64_t hour, int rows, int seed) {
    std::vector<std::pair<std::string, std::int64_t>> made;
    for (int n = 0; n < rows; ++n) {
      made.emplace_back(std::string(1, static_cast<char>('A' + (seed + n * 7) % 5)),
                        hour * us_per_hour + (std::int64_t{seed} * 131 + n * 17) % us_per_hour);
    }
    std::ranges::sort(made);
    std::vector<std::uint32_t> order;
    std::vector<std::int64_t> times;
    for (std::uint32_t n = 0; n < made.size(); ++n) {
      order.push_back(n);
      times.push_back(made[n].second);
      expected_.insert(made[n]);
    }
    const auto rows_table = table_of(
        {{"symbol",
          text_column(
              [&](std::uint32_t n) { return std::optional<std::string_view>(made[n].first); },
              order)},
         {"trade_time", timestamp_column(times, order)}});
    const auto file = write_new_data_file(*io_, *table.metadata,
                                          {Value{static_cast<std::int32_t>(hour)}}, *rows_table);
    ASSERT_TRUE(file) << file.error().message;
    Transaction transaction(*catalog_, *io_);
    transaction.add(table, append_files({*file}, {}));
    const auto done = transaction.commit(50);
    ASSERT_TRUE(done) << done.error().message;
  }

  // And that each file is sorted.
  Rows rows_of(const TableMetadata& metadata) {
    Rows rows;
    const auto files = plan_files(metadata, *io_, {});
    EXPECT_TRUE(files) << files.error().message;
    for (const auto& entry : *files) {
      const auto table = read_data_file(metadata, *io_, entry.file, {}, {});
      EXPECT_TRUE(table) << table.error().message;
      const RowReader reader(**table);
      std::vector<std::pair<std::string, std::int64_t>> of_file;
      for (std::int64_t row = 0; row < reader.rows(); ++row)
        of_file.emplace_back(reader.text(0, row), reader.integer(1, row));
      EXPECT_TRUE(std::ranges::is_sorted(of_file));
      EXPECT_EQ(entry.file.sort_order_id, SortOrderId{1});
      rows.insert(of_file.begin(), of_file.end());
    }
    return rows;
  }

  TableMetadataPtr head() { return load_table(*catalog_, *io_, {"bronze", "trades"})->metadata; }

  void pass() {
    Maintainer maintainer(*catalog_, *io_, policy_);
    const auto done = maintainer.pass({});
    ASSERT_TRUE(done) << done.error().message;
    status_ = maintainer.status();
  }

  std::size_t data_files() {
    const auto listed = io_->list(warehouse() + "/bronze/trades/data");
    return listed->size();
  }

  MaintenancePolicy policy_;
  MaintenanceStatus status_;
  Rows expected_;
};

TEST_F(MaintainerTest, SmallFilesBecomeOneWithTheSameRows) {
  auto table = make_trades();
  const auto hour = now_us() / us_per_hour;
  for (int n = 0; n < 30; ++n) commit(table, hour, 20, n);
  pass();
  const auto metadata = head();
  EXPECT_EQ(plan_files(*metadata, *io_, {})->size(), 1U);
  EXPECT_EQ(rows_of(*metadata), expected_);
  EXPECT_EQ(metadata->current_snapshot()->operation, "replace");
  EXPECT_EQ(metadata->current_snapshot()->summary.at("tradelake.maintenance"), "compaction");
  EXPECT_EQ(status_.tables.at("bronze.trades").files_merged, 30);
}

TEST_F(MaintainerTest, AClosedHourIsRewrittenIntoAFrozenFile) {
  auto table = make_trades();
  for (int n = 0; n < 5; ++n) commit(table, 480'000, 50, n);
  pass();
  const auto files = *plan_files(*head(), *io_, {});
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(is_closed_file(files[0].file.path));
  EXPECT_EQ(rows_of(*head()), expected_);
  const auto snapshots = head()->snapshots.size();
  pass();
  EXPECT_EQ(head()->snapshots.size(), snapshots);
}

TEST_F(MaintainerTest, RetentionNeverRunsAheadOfTheTable) {
  auto table = make_trades();
  policy_.retention_us["bronze.trades"] = 24 * us_per_hour;
  for (int hour = 0; hour < 48; ++hour) commit(table, 480'000 + hour, 3, hour);
  pass();
  // The newest trade is in the last hour: those that ended 24 hours before it are gone.
  std::erase_if(expected_,
                [](const auto& row) { return row.second < (480'000 + 23) * us_per_hour; });
  EXPECT_EQ(rows_of(*head()), expected_);
  EXPECT_EQ(status_.tables.at("bronze.trades").partitions_dropped, 23);
}

TEST_F(MaintainerTest, SnapshotsAndFilesStayFewBesideAWriter) {
  auto table = make_trades();
  policy_.snapshot_max_count = 20;
  policy_.interval_us = 1000;
  Maintainer maintainer(*catalog_, *io_, policy_);
  std::jthread thread([&](std::stop_token stop) { maintainer.run(stop); });
  const auto hour = now_us() / us_per_hour;
  for (int n = 0; n < 300; ++n) commit(table, hour, 5, n);
  thread.request_stop();
  thread.join();
  pass();
  EXPECT_EQ(rows_of(*head()), expected_);
  EXPECT_LE(head()->snapshots.size(), 25U);
  EXPECT_EQ(maintainer.status().tables["bronze.trades"].failures, 0);
  // What is on disk is what the snapshots need: everything else has been freed.
  const auto metadata = head();
  std::set<std::string> needed;
  for (const auto& snapshot : metadata->snapshots) {
    const auto files = plan_files(*metadata, *io_, {}, snapshot.id);
    ASSERT_TRUE(files) << files.error().message;  // every one of them can be read
    for (const auto& entry : *files) needed.insert(entry.file.path);
  }
  EXPECT_EQ(data_files(), needed.size());
}

// The cores are those of whoever writes the tables first.
TEST_F(MaintainerTest, BothOfItsThreadsGiveWayToOthers) {
  const auto threads = [] {
    std::set<id_t> ids;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
      ids.insert(static_cast<id_t>(std::stoul(task.path().filename().string())));
    return ids;
  };
  make_trades();
  policy_.interval_us = 1000;
  Maintainer maintainer(*catalog_, *io_, policy_);
  const auto before = threads();
  const int own = ::getpriority(PRIO_PROCESS, 0);
  std::jthread thread([&](std::stop_token stop) { maintainer.run(stop); });
  const auto deadline = now_us() + 10 * us_per_second;
  std::ptrdiff_t yielding = 0;
  while (yielding < 2 && now_us() < deadline) {
    const auto now = threads();
    yielding = std::ranges::count_if(now, [&](id_t id) {
      return !before.contains(id) && ::getpriority(PRIO_PROCESS, id) >= 10;
    });
  }
  EXPECT_EQ(yielding, 2);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own);
}

TEST_F(MaintainerTest, ADamagedFileStopsTheMergeAndChangesNothing) {
  auto table = make_trades();
  for (int n = 0; n < 3; ++n) commit(table, 480'000, 2000, n);
  const auto files = *plan_files(*head(), *io_, {});
  const auto path = files[1].file.path.substr(std::string("file://").size());
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, 2000, SEEK_SET);
    std::fputs("damaged", file);
    std::fclose(file);
  }
  Maintainer maintainer(*catalog_, *io_, policy_);
  const auto done = maintainer.pass({});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find(path.substr(path.rfind('/') + 1)), std::string::npos)
      << done.error().message;
  EXPECT_EQ(head()->snapshots.size(), 3U);
  EXPECT_EQ(data_files(), 3U);
}

TEST_F(MaintainerTest, TablesOfOthersAreLeftAlone) {
  auto table = make_table("t");
  for (int n = 0; n < 20; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  policy_.snapshot_max_count = 1;
  pass();
  EXPECT_EQ(load_table(*catalog_, *io_, table.ident)->metadata->snapshots.size(), 20U);
}

TEST_F(MaintainerTest, APlanSaysWhatAPassDoes) {
  auto table = make_trades();
  policy_.retention_us["bronze.trades"] = 2 * us_per_hour;
  for (int n = 0; n < 4; ++n) commit(table, 480'000 + n, 3, n);
  const auto lines = Maintainer(*catalog_, *io_, policy_).plan();
  ASSERT_TRUE(lines);
  ASSERT_FALSE(lines->empty());
  EXPECT_NE(lines->front().find("drop 1 partitions, 1 files, 3 rows"), std::string::npos)
      << lines->front();
  EXPECT_EQ(head()->snapshots.size(), 4U);
}

// A catalog that does not answer is no look at all tables: who watches the time of the last one
// sees it stand still.
TEST_F(MaintainerTest, APassThatSawNoTablesIsNone) {
  class Away final : public PassingCatalog {
   public:
    using PassingCatalog::PassingCatalog;
    Result<std::vector<TableIdent>> list_tables() override {
      return make_error(Errc::unavailable, "away");
    }
  };
  Away catalog(*catalog_);
  Maintainer maintainer(catalog, *io_, policy_);
  EXPECT_FALSE(maintainer.pass({}));
  EXPECT_EQ(maintainer.status().last_pass_us, 0);
}

}  // namespace
}  // namespace tradelake::ops
