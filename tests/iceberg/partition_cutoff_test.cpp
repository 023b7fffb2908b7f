// Where partitions end, and which of them a cut-off drops: exactly, at every transform.
#include "iceberg/partition_cutoff.h"

#include <gtest/gtest.h>

#include "core/time.h"
#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

const auto timestamp_type = primitive(TypeKind::timestamp);

TEST(PartitionCutoff, APartitionEndsWhereTheNextBegins) {
  for (const char* name : {"hour", "day", "month", "year"}) {
    const auto transform = parse_transform(name);
    // Years before and after 1970, leap days, ends of months.
    for (std::int64_t day = -40'000; day < 40'000; day += 13) {
      const std::int64_t at = day * us_per_day + 12'345'678'901;
      const auto value = apply(transform, *timestamp_type, Value{at});
      const auto end = partition_end_us(transform, *value);
      ASSERT_TRUE(end);
      EXPECT_LT(at, *end) << name << " " << day;
      EXPECT_EQ(*apply(transform, *timestamp_type, Value{*end - 1}), *value) << name << " " << day;
      EXPECT_NE(*apply(transform, *timestamp_type, Value{*end}), *value) << name << " " << day;
    }
  }
}

TEST(PartitionCutoff, ExtremeValuesStayInRange) {
  EXPECT_EQ(partition_end_us(parse_transform("day"), Value{INT32_MAX}), INT64_MAX);
  EXPECT_EQ(partition_end_us(parse_transform("year"), Value{INT32_MIN}), INT64_MIN);
  EXPECT_FALSE(partition_end_us(parse_transform("identity"), Value{std::int64_t{0}}));
  EXPECT_FALSE(partition_end_us(parse_transform("bucket[4]"), Value{1}));
}

PartitionSpec hourly() {
  return {SpecId{0},
          {{FieldId{1}, FieldId{1000}, "symbol", parse_transform("identity")},
           {FieldId{2}, FieldId{1001}, "time_hour", parse_transform("hour")}}};
}

TEST(PartitionCutoff, OnlyWhatEndsBeforeGoes) {
  const PartitionCutoff cutoff{FieldId{2}, 10 * us_per_hour};
  EXPECT_TRUE(cutoff.drops(hourly(), {Value{std::string("a")}, Value{9}}));
  EXPECT_FALSE(cutoff.drops(hourly(), {Value{std::string("a")}, Value{10}}));
  EXPECT_FALSE(cutoff.drops(hourly(), {Value{std::string("a")}, std::nullopt}));
  const PartitionCutoff almost{FieldId{2}, 10 * us_per_hour - 1};
  EXPECT_FALSE(almost.drops(hourly(), {Value{std::string("a")}, Value{9}}));
  const PartitionCutoff of_another_column{FieldId{3}, 10 * us_per_hour};
  EXPECT_FALSE(of_another_column.drops(hourly(), {Value{std::string("a")}, Value{0}}));
}

TEST(PartitionCutoff, AManifestIsPassedOverOnlyIfItsLowestPartitionStays) {
  const PartitionCutoff cutoff{FieldId{2}, 10 * us_per_hour};
  const auto manifest = [](std::optional<std::int32_t> lowest) {
    ManifestFile file;
    file.partitions.resize(2);
    if (lowest)
      file.partitions[1].lower_bound = to_bytes(*primitive(TypeKind::int32), Value{*lowest});
    return file;
  };
  EXPECT_TRUE(cutoff.may_drop_from(hourly(), manifest(9)));
  EXPECT_FALSE(cutoff.may_drop_from(hourly(), manifest(10)));
  EXPECT_TRUE(cutoff.may_drop_from(hourly(), manifest({})));
  EXPECT_TRUE(cutoff.may_drop_from(hourly(), ManifestFile()));
}

using DropPartitionsTest = LakeTest;

TEST_F(DropPartitionsTest, OneCommitTakesTheExpiredOnesAndTouchesNothingElse) {
  Schema schema = small_schema();
  schema.fields.push_back({FieldId{7}, "time", timestamp_type, true, ""});
  auto table = *ensure_table(
      *catalog_, *io_, warehouse(),
      {.ident = {"bronze", "t"},
       .schema = schema,
       .spec = {SpecId{0}, {{FieldId{7}, FieldId{1000}, "time_hour", parse_transform("hour")}}},
       .sort_order = {},
       .properties = {}});
  for (int hour = 0; hour < 48; ++hour) {
    auto file = small_file(fmt::format("file:///{}", hour));
    file.partition = {Value{hour}};
    ASSERT_TRUE(append(table, {file}));
  }
  const auto manifests_before = manifests(table);
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, drop_partitions({FieldId{7}, 24 * us_per_hour + 1}));
  ASSERT_TRUE(transaction.commit());
  const auto& snapshot = *table.metadata->current_snapshot();
  EXPECT_EQ(snapshot.operation, "delete");
  EXPECT_EQ(snapshot.summary.at("deleted-data-files"), "24");
  EXPECT_EQ(snapshot.summary.at("total-data-files"), "24");
  EXPECT_EQ(snapshot.summary.at("total-records"), "240");
  EXPECT_EQ(table.metadata->snapshots.size(), 49U);
  for (int hour = 0; hour < 48; ++hour) {
    EXPECT_EQ(std::ranges::count(live_paths(table), fmt::format("file:///{}", hour)), hour >= 24);
  }
  // Manifests of partitions that stay are the ones that were there.
  const auto manifests_after = manifests(table);
  std::size_t kept = 0;
  for (const auto& after : manifests_after) {
    kept += static_cast<std::size_t>(
        std::ranges::count(manifests_before, after.path, &ManifestFile::path));
  }
  EXPECT_EQ(kept, 24U);

  Transaction again(*catalog_, *io_);
  again.add(table, drop_partitions({FieldId{7}, 24 * us_per_hour + 1}));
  const auto done = again.commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::not_found);
}

}  // namespace
}  // namespace tradelake::iceberg
