// Merging a partition that another engine has deleted rows of, without writing its files again.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "core/time.h"
#include "iceberg/delete_writer.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/scan.h"
#include "ops/maintainer.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

constexpr std::int32_t hour = 480'000;

class RowDelta final : public Action {
 public:
  explicit RowDelta(std::vector<DataFile> files) : files_(std::move(files)) {}
  Result<TableMetadata> apply(const TableMetadata& base, FileIo& io, int) override {
    return row_delta(base, io, files_);
  }

 private:
  const std::vector<DataFile> files_;
};

class MergedDeletesTest : public LakeTest {
 protected:
  MergedDeletesTest() {
    policy_.retention_us = {{"bronze.trades", 0}};
    policy_.cpu_share = 1;
    policy_.rules.quiet_us = 0;
  }

  DataFileTarget target(const std::string& name) {
    return {warehouse() + "/bronze/trades/data/" + name, SpecId{0}, partition_, SortOrderId{1}};
  }

  void commit(std::vector<DataFile> files) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(table_, std::make_unique<RowDelta>(std::move(files)));
    ASSERT_TRUE(transaction.commit());
  }

  // Rows of these ids, in this order.
  DataFile rows(const std::string& name, const std::vector<std::int64_t>& ids) {
    std::vector<Column> columns(2);
    for (const auto id : ids) {
      columns[0].push_back(id);
      columns[1].push_back(hour * us_per_hour + id);
    }
    return written(*io_, target(name), schema_, columns);
  }

  std::multiset<std::int64_t> ids() {
    std::multiset<std::int64_t> all;
    const auto metadata = load_table(*catalog_, *io_, table_.ident)->metadata;
    files_ = *plan_files(*metadata, *io_, {});
    for (const auto& file : files_) {
      const auto read = *read_data_file(*metadata, *io_, file, {"id"}, {});
      const auto cells = to_cells(*primitive(TypeKind::int64), *read->column(0));
      for (const auto& cell : cells) all.insert(std::get<std::int64_t>(*cell));
    }
    return all;
  }

  void pass() {
    const auto done = Maintainer(*catalog_, *io_, policy_).pass({});
    ASSERT_TRUE(done) << done.error().message;
  }

  const Schema schema_{SchemaId{0},
                       {field(1, "id", primitive(TypeKind::int64), true),
                        field(2, "at", primitive(TypeKind::timestamp), true)},
                       {}};
  const PartitionTuple partition_{Value{hour}};
  Table table_ = *ensure_table(
      *catalog_, *io_, warehouse(),
      {.ident = {"bronze", "trades"},
       .schema = schema_,
       .spec = {SpecId{0}, {{FieldId{2}, FieldId{1000}, "at_hour", parse_transform("hour")}}},
       .sort_order = {SortOrderId{1},
                      {SortField{FieldId{1}, parse_transform("identity"), true, true}}},
       .properties = {}});
  MaintenancePolicy policy_;
  std::vector<ScanFile> files_;
};

TEST_F(MergedDeletesTest, RowsThatWereDeletedAreNotWrittenAgain) {
  const auto first = rows("first.parquet", {1, 3, 5, 7, 9});
  commit({first, rows("second.parquet", {2, 3, 4, 5})});
  auto positions =
      position_deletes(*io_, target("positions.parquet"), {{first.path, 0}, {first.path, 4}});
  auto values =
      equality_deletes(*io_, target("values.parquet"), schema_,
                       {{Value{std::int64_t{3}}}, {Value{std::int64_t{0}}}}, {FieldId{1}});
  commit({std::move(positions), std::move(values)});
  commit({rows("third.parquet", {3, 6})});  // later than the deletes: not meant by them
  const std::multiset<std::int64_t> expected{2, 3, 4, 5, 5, 6, 7};
  ASSERT_EQ(ids(), expected);
  pass();
  EXPECT_EQ(ids(), expected);
  ASSERT_EQ(files_.size(), 1U);
  EXPECT_TRUE(files_[0].deletes.empty());
  EXPECT_EQ(files_[0].file.record_count, std::ssize(expected));
  const auto snapshots = load_table(*catalog_, *io_, table_.ident)->metadata->snapshots.size();
  pass();
  EXPECT_EQ(load_table(*catalog_, *io_, table_.ident)->metadata->snapshots.size(), snapshots);
}

TEST_F(MergedDeletesTest, APartitionThatIsDeletedWholeIsEmptyThen) {
  commit({rows("first.parquet", {1, 2}), rows("second.parquet", {3})});
  commit(
      {equality_deletes(*io_, target("values.parquet"), schema_,
                        {{Value{std::int64_t{1}}, Value{std::int64_t{2}}, Value{std::int64_t{3}}},
                         {Value{std::int64_t{0}}, Value{std::int64_t{0}}, Value{std::int64_t{0}}}},
                        {FieldId{1}})});
  pass();
  EXPECT_TRUE(ids().empty());
  EXPECT_TRUE(files_.empty());
}

}  // namespace
}  // namespace tradelake::ops
