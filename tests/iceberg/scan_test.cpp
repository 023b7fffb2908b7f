#include "iceberg/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"
#include "iceberg/position_deletes.h"

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
                    ManifestContent content = ManifestContent::data, SpecId spec = {}) {
    const Type ordinal = *primitive(TypeKind::int32);
    ManifestFile manifest;
    manifest.path = fmt::format("mem:/m{}.avro", manifests.size());
    const auto bytes = *encode_manifest(metadata, *metadata.find_spec(spec), content, entries);
    manifest.length_bytes = static_cast<std::int64_t>(bytes.size());
    manifest.content = content;
    manifest.spec_id = spec;
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
    for (const auto& file : planned.value_or(std::vector<ScanFile>{}))
      paths.push_back(file.file.path);
    return paths;
  }

  // "file: its deletes", in the order of the manifests.
  std::vector<std::string> deletes(const Filter& filter) {
    const auto planned = plan_files(metadata, io, filter);
    EXPECT_TRUE(planned) << planned.error().message;
    std::vector<std::string> lines;
    for (const auto& file : planned.value_or(std::vector<ScanFile>{})) {
      lines.push_back(file.file.path + ":");
      for (const auto& deletes : file.deletes) lines.back() += " " + deletes->path;
    }
    return lines;
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

// An entry that says what its sequence number is.
ManifestEntry numbered(const std::string& path, int hour, std::int64_t sequence_number,
                       FileContent content = FileContent::data) {
  auto entry = Fixture::entry(path, hour, EntryStatus::existing);
  entry.sequence_number = SequenceNumber{sequence_number};
  entry.file.content = content;
  if (content == FileContent::equality_deletes) entry.file.equality_ids = {FieldId{2}};
  return entry;
}

TEST(PlanFiles, GivesEachFileTheDeletesOfItsPartitionAndTime) {
  using enum FileContent;
  Fixture fixture;
  fixture.add_manifest({numbered("a", 10, 1), numbered("b", 10, 3), numbered("c", 11, 1)}, 10, 11);
  auto of_a = numbered("of a", 10, 5, position_deletes);
  of_a.file.lower_bounds[delete_path_id] = of_a.file.upper_bounds[delete_path_id] = "a";
  auto from_b = numbered("from b", 10, 5, position_deletes);
  from_b.file.lower_bounds[delete_path_id] = "b";
  auto dropped = numbered("dropped", 10, 9, position_deletes);
  dropped.status = EntryStatus::deleted;
  fixture.add_manifest({numbered("position 3", 10, 3, position_deletes),
                        numbered("equality 3", 10, 3, equality_deletes),
                        numbered("position 2", 10, 2, position_deletes), of_a, from_b, dropped,
                        numbered("equality 11", 11, 2, equality_deletes)},
                       10, 11, ManifestContent::deletes);
  fixture.commit(1);
  EXPECT_THAT(fixture.deletes({}), testing::ElementsAre("a: position 3 equality 3 position 2 of a",
                                                        "b: position 3 from b", "c: equality 11"));
  // The other hour's are not even looked at.
  EXPECT_THAT(fixture.deletes({{"at", Comparison::equal, {11 * hour_us}}}),
              testing::ElementsAre("c: equality 11"));
}

TEST(PlanFiles, OnlyEqualityDeletesOfAnUnpartitionedSpecAreOfEveryPartition) {
  using enum FileContent;
  Fixture fixture;
  fixture.add_manifest({numbered("a", 10, 1), numbered("b", 11, 2)}, 10, 11);
  // Every field of the spec was dropped.
  fixture.metadata.specs.push_back(
      PartitionSpec{SpecId{1}, {{FieldId{1}, FieldId{1001}, "at_hour", parse_transform("void")}}});
  std::vector<ManifestEntry> entries;
  for (const auto content : {equality_deletes, position_deletes}) {
    auto entry = numbered(content == equality_deletes ? "equality" : "position", 0, 2, content);
    entry.file.spec_id = SpecId{1};
    entry.file.partition = {std::nullopt};
    entries.push_back(entry);
  }
  fixture.add_manifest(entries, 0, 0, ManifestContent::deletes, SpecId{1});
  fixture.commit(1);
  EXPECT_THAT(fixture.deletes({}), testing::ElementsAre("a: equality", "b:"));
}

TEST(PlanFiles, DoesNotOpenDeleteManifestsWithoutLiveFilesOrMatches) {
  Fixture fixture;
  fixture.add_manifest({numbered("a", 10, 1)}, 10, 10);
  fixture.add_manifest({numbered("d", 20, 2, FileContent::position_deletes)}, 20, 20,
                       ManifestContent::deletes);
  fixture.add_manifest({numbered("e", 10, 2, FileContent::position_deletes)}, 10, 10,
                       ManifestContent::deletes);
  fixture.manifests.back().added_files_count = 0;
  fixture.commit(1);
  fixture.io.files.erase("mem:/m1.avro");  // would be not_found
  fixture.io.files.erase("mem:/m2.avro");
  EXPECT_THAT(fixture.deletes({{"at", Comparison::less, {11 * hour_us}}}),
              testing::ElementsAre("a:"));
  EXPECT_EQ(plan_files(fixture.metadata, fixture.io, {}).error().code, Errc::not_found);
}

TEST(PlanFiles, RefusesFilesInManifestsOfTheOtherKind) {
  for (const auto content : {ManifestContent::data, ManifestContent::deletes}) {
    Fixture fixture;
    fixture.add_manifest({numbered("a", 10, 1)}, 10, 10);
    fixture.add_manifest({numbered("x", 10, 1,
                                   content == ManifestContent::data ? FileContent::position_deletes
                                                                    : FileContent::data)},
                         10, 10, content);
    fixture.commit(1);
    const auto planned = plan_files(fixture.metadata, fixture.io, {});
    ASSERT_FALSE(planned);
    EXPECT_EQ(planned.error().code, Errc::corrupt);
    EXPECT_THAT(planned.error().message, testing::HasSubstr("but in manifest mem:/m1.avro of"));
  }
}

TEST(PlanFiles, RefusesAFilterOnAnUnknownColumn) {
  Fixture fixture;
  EXPECT_EQ(
      plan_files(fixture.metadata, fixture.io, {{"price", Comparison::is_null, {}}}).error().code,
      Errc::invalid_argument);
}

}  // namespace
}  // namespace tradelake::iceberg
