#include "iceberg/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"

namespace tradelake::iceberg {
namespace {

constexpr std::int64_t hour_us = 3'600'000'000;

// A table partitioned by hour(at) with hand-made manifests.
struct Fixture {
  MemoryIo io;
  TableMetadata metadata;
  std::vector<ManifestFile> manifests;

  Fixture() {
    metadata.schemas = {Schema{SchemaId{0},
                               {field(1, "at", primitive(TypeKind::timestamp), true),
                                field(2, "symbol", primitive(TypeKind::string))},
                               {}}};
    metadata.specs = {PartitionSpec{
        SpecId{0}, {{FieldId{1}, FieldId{1000}, "at_hour", parse_transform("hour")}}}};
  }

  static ManifestEntry entry(const std::string& path, int hour,
                             EntryStatus status = EntryStatus::added) {
    ManifestEntry entry;
    entry.status = status;
    entry.snapshot_id = SnapshotId{1};
    if (status != EntryStatus::added)
      entry.sequence_number = entry.file_sequence_number = SequenceNumber{1};
    entry.file.path = path;
    entry.file.partition = {Value{hour}};
    entry.file.record_count = 1;
    return entry;
  }

  void add_manifest(const std::vector<ManifestEntry>& entries, int low, int high,
                    ManifestContent content = ManifestContent::data) {
    const Type ordinal = *primitive(TypeKind::int32);
    ManifestFile manifest;
    manifest.path = fmt::format("mem:/m{}.avro", manifests.size());
    const auto bytes = *encode_manifest(metadata, metadata.spec(), content, entries);
    manifest.length_bytes = static_cast<std::int64_t>(bytes.size());
    manifest.content = content;
    manifest.sequence_number = manifest.min_sequence_number = SequenceNumber{1};
    manifest.added_snapshot_id = SnapshotId{1};
    manifest.added_files_count = static_cast<std::int32_t>(entries.size());
    manifest.partitions = {{.contains_null = false,
                            .contains_nan = {},
                            .lower_bound = to_bytes(ordinal, Value{low}),
                            .upper_bound = to_bytes(ordinal, Value{high})}};
    io.files[manifest.path] = bytes;
    manifests.push_back(manifest);
  }

  void commit(std::int64_t id) {
    Snapshot snapshot;
    snapshot.id = SnapshotId{id};
    snapshot.sequence_number = SequenceNumber{id};
    snapshot.manifest_list = fmt::format("mem:/snap-{}.avro", id);
    io.files[snapshot.manifest_list] = encode_manifest_list(snapshot, manifests);
    metadata.snapshots.push_back(snapshot);
    metadata.current_snapshot_id = snapshot.id;
  }

  std::vector<std::string> plan(const Filter& filter, std::optional<SnapshotId> snapshot = {}) {
    const auto planned = plan_files(metadata, io, filter, snapshot);
    EXPECT_TRUE(planned) << planned.error().message;
    std::vector<std::string> paths;
    for (const auto& entry : planned.value_or(std::vector<ManifestEntry>{}))
      paths.push_back(entry.file.path);
    return paths;
  }
};

TEST(PlanFiles, ATableWithoutSnapshotsHasNoFiles) {
  Fixture fixture;
  EXPECT_THAT(fixture.plan({}), testing::IsEmpty());
  EXPECT_EQ(plan_files(fixture.metadata, fixture.io, {}, SnapshotId{5}).error().code,
            Errc::not_found);
}

TEST(PlanFiles, LeavesOutFilesOfOtherPartitionsAndDeletedOnes) {
  Fixture fixture;
  fixture.add_manifest({Fixture::entry("a", 10), Fixture::entry("b", 11),
                        Fixture::entry("gone", 10, EntryStatus::deleted),
                        Fixture::entry("old", 10, EntryStatus::existing)},
                       10, 11);
  fixture.commit(1);
  EXPECT_THAT(fixture.plan({}), testing::ElementsAre("a", "b", "old"));
  EXPECT_THAT(fixture.plan({{"at", Comparison::less, {11 * hour_us - 1}}}),
              testing::ElementsAre("a", "old"));
  EXPECT_THAT(fixture.plan({{"at", Comparison::greater_equal, {11 * hour_us}}}),
              testing::ElementsAre("b"));
}

TEST(PlanFiles, DoesNotOpenManifestsWhosePartitionsCannotMatch) {
  Fixture fixture;
  fixture.add_manifest({Fixture::entry("a", 10)}, 10, 10);
  fixture.add_manifest({Fixture::entry("b", 20)}, 20, 20);
  fixture.commit(1);
  fixture.io.files.erase("mem:/m0.avro");  // would be not_found
  EXPECT_THAT(fixture.plan({{"at", Comparison::equal, {20 * hour_us}}}), testing::ElementsAre("b"));
  EXPECT_EQ(plan_files(fixture.metadata, fixture.io, {}).error().code, Errc::not_found);
}

TEST(PlanFiles, PrunesByColumnBoundsWithinAPartition) {
  Fixture fixture;
  auto low = Fixture::entry("low", 10), high = Fixture::entry("high", 10);
  low.file.lower_bounds[FieldId{2}] = "A";
  low.file.upper_bounds[FieldId{2}] = "C";
  high.file.lower_bounds[FieldId{2}] = "X";
  fixture.add_manifest({low, high}, 10, 10);
  fixture.commit(1);
  EXPECT_THAT(fixture.plan({{"symbol", Comparison::equal, {std::string("B")}}}),
              testing::ElementsAre("low"));
  EXPECT_THAT(fixture.plan({{"symbol", Comparison::equal, {std::string("Y")}}}),
              testing::ElementsAre("high"));
  EXPECT_THAT(fixture.plan({{"symbol", Comparison::in, {std::string("D"), std::string("E")}}}),
              testing::IsEmpty());
}

TEST(PlanFiles, AnOlderSnapshotHasItsOwnFiles) {
  Fixture fixture;
  fixture.add_manifest({Fixture::entry("a", 10)}, 10, 10);
  fixture.commit(1);
  fixture.add_manifest({Fixture::entry("b", 11)}, 11, 11);
  fixture.commit(2);
  EXPECT_THAT(fixture.plan({}, SnapshotId{1}), testing::ElementsAre("a"));
  EXPECT_THAT(fixture.plan({}), testing::ElementsAre("a", "b"));
}

TEST(PlanFiles, RefusesATableWithDeleteFiles) {
  Fixture fixture;
  auto deletes = Fixture::entry("d", 10);
  deletes.file.content = FileContent::position_deletes;
  fixture.add_manifest({deletes}, 10, 10, ManifestContent::deletes);
  fixture.commit(1);
  const auto planned = plan_files(fixture.metadata, fixture.io, {});
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, Errc::unsupported);
  EXPECT_THAT(planned.error().message, testing::HasSubstr("mem:/m0.avro holds delete files"));
}

TEST(PlanFiles, RefusesAFilterOnAnUnknownColumn) {
  Fixture fixture;
  EXPECT_EQ(
      plan_files(fixture.metadata, fixture.io, {{"price", Comparison::is_null, {}}}).error().code,
      Errc::invalid_argument);
}

}  // namespace
}  // namespace tradelake::iceberg
