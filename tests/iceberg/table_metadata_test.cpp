// metadata.json: what must be in it, what foreign writers leave out, and what is refused.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "iceberg/deflate.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/table_paths.h"
#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

using Json = nlohmann::json;

TableMetadata empty_table() {
  return new_table_metadata("file:///lake/t/", small_schema(), small_spec(), {}, {{"k", "v"}},
                            1'700'000'000'000);
}

TableMetadata full_table() {
  auto metadata = empty_table();
  Snapshot snapshot;
  snapshot.id = SnapshotId{9'223'372'036'854'775'807};
  snapshot.sequence_number = SequenceNumber{9'007'199'254'740'993};  // no double holds it
  snapshot.timestamp_ms = 1'700'000'000'001;
  snapshot.manifest_list = "file:///lake/t/metadata/snap.avro";
  snapshot.operation = "append";
  snapshot.summary = {{"note", "quote \" backslash \\ newline \n tab \t bell \x07 ünï \U0001F600"}};
  snapshot.schema_id = SchemaId{0};
  metadata.snapshots.push_back(snapshot);
  metadata.current_snapshot_id = snapshot.id;
  metadata.refs["main"].snapshot_id = snapshot.id;
  auto& tag = metadata.refs["tag"];
  tag.snapshot_id = snapshot.id;
  tag.tag = true;
  tag.max_ref_age_ms = INT64_MAX;
  metadata.snapshot_log = {{snapshot.id, 1}};
  metadata.metadata_log = {{"file:///lake/t/metadata/0.json", 2}};
  metadata.sort_orders.push_back(
      {SortOrderId{1}, {{FieldId{1}, parse_transform("bucket[4]"), false, false}}});
  metadata.statistics_json = R"([{"statistics-path":"p","x":1}])";
  return metadata;
}

std::string changed(const TableMetadata& metadata, const std::string& pointer, const Json& value) {
  auto json = Json::parse(to_json(metadata));
  json[Json::json_pointer(pointer)] = value;
  return json.dump();
}

TEST(TableMetadata, AnEmptyTableHasEveryRequiredField) {
  const auto json = Json::parse(to_json(empty_table()));
  for (const auto* key :
       {"format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
        "last-column-id", "schemas", "current-schema-id", "partition-specs", "default-spec-id",
        "last-partition-id", "sort-orders", "default-sort-order-id", "properties", "refs",
        "snapshots", "snapshot-log", "metadata-log"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_FALSE(json.contains("current-snapshot-id"));
  EXPECT_EQ(json["location"], "file:///lake/t");
  EXPECT_EQ(json["last-column-id"], 6);
  EXPECT_EQ(json["last-partition-id"], 1000);
  EXPECT_EQ(json["table-uuid"].get<std::string>().size(), 36U);
  EXPECT_EQ(json["schemas"][0]["fields"][2]["type"], "decimal(38, 18)");
  EXPECT_EQ(json["sort-orders"], Json::parse(R"([{"order-id":0,"fields":[]}])"));
  auto unpartitioned = new_table_metadata("l", small_schema(), {}, {}, {}, 0);
  EXPECT_EQ(unpartitioned.last_partition_id, FieldId{999});
}

TEST(TableMetadata, ComesBackFromJsonAsItWas) {
  for (const auto& metadata : {empty_table(), full_table()}) {
    const auto text = to_json(metadata);
    const auto again = table_metadata_from_json(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), text);
  }
  const auto again = *table_metadata_from_json(to_json(full_table()));
  EXPECT_EQ(again.current_snapshot()->sequence_number.value, 9'007'199'254'740'993);
  EXPECT_EQ(again.current_snapshot()->summary, full_table().current_snapshot()->summary);
  EXPECT_EQ(again.schema().fields, small_schema().fields);
  EXPECT_EQ(again.spec(), small_spec());
  EXPECT_EQ(again.sort_orders[1], full_table().sort_orders[1]);
}

// The text of a snapshot is kept with it and shared: what was written out before tells nothing of
// what came since.
TEST(TableMetadata, WritesTheSnapshotsThatItHolds) {
  auto first = full_table();
  (void)to_json(first);
  auto second = first;
  auto more = second.snapshots.back();
  more.id = SnapshotId{77};
  more.summary["added-records"] = "5";
  second.snapshots.push_back(more);
  const auto whole = Json::parse(to_json(second))["snapshots"];
  ASSERT_EQ(whole.size(), first.snapshots.size() + 1);
  EXPECT_EQ(whole.back()["snapshot-id"], 77);
  EXPECT_EQ(whole.back()["summary"]["added-records"], "5");
  EXPECT_EQ(Json::parse(to_json(first))["snapshots"].size(), first.snapshots.size());
  const auto gone = first.snapshots[0].id;
  second.snapshots.erase_if([&](const Snapshot& one) { return one.id == gone; });
  const auto left = Json::parse(to_json(second))["snapshots"];
  ASSERT_EQ(left.size(), first.snapshots.size());
  EXPECT_EQ(left.back(), whole.back());
}

RC_GTEST_PROP(TableMetadata, AnyTextInASummaryStaysJson, (const std::string& text)) {
  auto metadata = full_table();
  std::vector snapshots(metadata.snapshots.begin(), metadata.snapshots.end());
  snapshots[0].summary["text"] = text;
  metadata.snapshots = SnapshotList(std::move(snapshots));
  const auto again = table_metadata_from_json(to_json(metadata));
  RC_ASSERT(again.has_value());
  const bool ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) RC_ASSERT(again->snapshots[0].summary.at("text") == text);
}

TEST(TableMetadata, GzippedFilesAreRead) {
  const auto text = to_json(full_table());
  const auto again = table_metadata_from_json(deflate(text, DeflateFormat::gzip));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), text);
}

TEST(TableMetadata, AcceptsWhatForeignWritersWrite) {
  EXPECT_FALSE(table_metadata_from_json(changed(empty_table(), "/current-snapshot-id", -1))
                   ->current_snapshot_id);
  EXPECT_FALSE(table_metadata_from_json(changed(empty_table(), "/current-snapshot-id", nullptr))
                   ->current_snapshot_id);
  const auto without_refs =
      table_metadata_from_json(changed(full_table(), "/refs", Json::object()));
  EXPECT_EQ(without_refs->refs.at("main").snapshot_id, *without_refs->current_snapshot_id);
  EXPECT_EQ(table_metadata_from_json(changed(full_table(), "/location", "s3://b/t/"))->location,
            "s3://b/t");
  EXPECT_TRUE(table_metadata_from_json(changed(full_table(), "/surprise", Json::object())));
}

TEST(TableMetadata, SaysWhichFieldIsWrong) {
  const auto message = [](const std::string& text) {
    const auto parsed = table_metadata_from_json(text);
    return parsed ? "parsed" : parsed.error().message;
  };
  EXPECT_TRUE(message(changed(full_table(), "/current-snapshot-id", 5))
                  .contains("\"current-snapshot-id\" 5"));
  EXPECT_TRUE(
      message(changed(full_table(), "/current-schema-id", 5)).contains("\"current-schema-id\" 5"));
  EXPECT_TRUE(
      message(changed(full_table(), "/last-column-id", 1.5)).contains("\"last-column-id\""));
  EXPECT_TRUE(
      message(changed(full_table(), "/last-column-id", std::int64_t{1} << 40)).contains("32 bits"));
  EXPECT_TRUE(
      message(changed(full_table(), "/snapshots/0/snapshot-id", "x")).contains("\"snapshot-id\""));
  EXPECT_TRUE(message(changed(full_table(), "/schemas/0/fields/0/type", "decimal(39, 1)"))
                  .contains("decimal(39, 1)"));
  for (const int version : {1, 3}) {
    const auto other = table_metadata_from_json(changed(full_table(), "/format-version", version));
    EXPECT_EQ(other.error().code, Errc::unsupported);
    EXPECT_TRUE(other.error().message.contains("reads and writes 2"));
  }
  EXPECT_EQ(table_metadata_from_json(changed(full_table(), "/schemas/0/fields/0/type", "variant"))
                .error()
                .code,
            Errc::unsupported);
  EXPECT_EQ(table_metadata_from_json("").error().code, Errc::corrupt);
  EXPECT_EQ(table_metadata_from_json(to_json(full_table()).substr(0, 500)).error().code,
            Errc::corrupt);
}

TEST(TablePaths, FollowTheVersionOfThePreviousFile) {
  auto metadata = empty_table();
  EXPECT_TRUE(next_metadata_location(metadata, "").starts_with("file:///lake/t/metadata/00000-"));
  EXPECT_TRUE(next_metadata_location(metadata, "s3://b/metadata/00041-u-u.metadata.json")
                  .starts_with("file:///lake/t/metadata/00042-"));
  EXPECT_TRUE(next_metadata_location(metadata, "x/99999-u.metadata.json").contains("/100000-"));
  EXPECT_TRUE(next_metadata_location(metadata, "x/v12.metadata.json").contains("/00000-"));
  metadata.properties["write.metadata.path"] = "s3://other/m/";
  EXPECT_TRUE(next_metadata_location(metadata, "").starts_with("s3://other/m/00000-"));
  EXPECT_EQ(data_folder(metadata), "file:///lake/t/data");
}

TEST(RandomIds, ArePositiveAndDiffer) {
  std::set<SnapshotId> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = random_snapshot_id();
    EXPECT_GT(id.value, 0);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
  const auto uuid = random_uuid();
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_TRUE(std::string("89ab").contains(uuid[19])) << uuid;
}

}  // namespace
}  // namespace tradelake::iceberg
