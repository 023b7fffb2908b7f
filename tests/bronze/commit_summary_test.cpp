#include "bronze/commit_summary.h"

#include <gtest/gtest.h>

#include "bronze/offsets_json.h"

namespace tradelake::bronze {
namespace {

iceberg::Snapshot snapshot(std::int64_t id, std::map<std::string, std::string> summary,
                           std::optional<std::int64_t> parent = {}) {
  iceberg::Snapshot made;
  made.id = iceberg::SnapshotId{id};
  if (parent) made.parent_id = iceberg::SnapshotId{*parent};
  made.summary = std::move(summary);
  return made;
}

iceberg::Table table_at(std::vector<iceberg::Snapshot> snapshots) {
  auto metadata = std::make_shared<iceberg::TableMetadata>();
  metadata->current_snapshot_id = snapshots.back().id;
  metadata->snapshots = iceberg::SnapshotList(std::move(snapshots));
  return {{"bronze", "trades"}, "file:///m.json", metadata};
}

iceberg::ProgressRow at(std::int32_t partition, std::int64_t next_offset) {
  iceberg::ProgressRow row;
  row.topic = "t";
  row.partition = partition;
  row.next_offset = next_offset;
  return row;
}

TEST(OffsetsJson, ComesBack) {
  const log::NextOffsets offsets{{{"b.c", 0}, 7}, {{"b.c", 11}, 1LL << 60}, {{"x", 2}, 1}};
  EXPECT_EQ(offsets_from_json(offsets_to_json(offsets)), offsets);
  EXPECT_EQ(offsets_to_json({{{"t", 0}, 0}}), "{}");
  EXPECT_EQ(offsets_from_json("{}"), log::NextOffsets());
}

TEST(OffsetsJson, OtherFormsAreNone) {
  for (const auto* text : {"", "[]", "7", R"({"t":7})", R"({"t":{"x":7}})", R"({"t":{"0":"7"}})",
                           R"({"t":{"0":1.5}})"})
    EXPECT_FALSE(offsets_from_json(text)) << text;
}

// What a commit that has these offsets, and moves partition 1 of t, says on top of `base`.
std::optional<log::NextOffsets> carried(const char* ours, const char* base) {
  const std::vector<iceberg::ProgressUpdate> updates{{at(1, 9), at(1, 20)}};
  auto note = commit_note("bronze", "c2", Positions(), updates);
  note.summary["tradelake.offsets"] = ours;
  const auto table =
      table_at({snapshot(1, {{"tradelake.commit-id", "c1"}, {"tradelake.offsets", base}}),
                snapshot(2, {{"operation", "append"}}, 1)});
  note.carry(*table.metadata, note.summary);
  return offsets_from_json(note.summary["tradelake.offsets"]);
}

TEST(CommitNote, CarriesPartitionsOfOthers) {
  EXPECT_EQ(carried(R"({"t":{"1":20}})", R"({"t":{"0":5,"1":9},"u":{"0":3}})"),
            (log::NextOffsets{{{"t", 0}, 5}, {{"t", 1}, 20}, {{"u", 0}, 3}}));
}

// A process that stood still does not know yet that others have read on in its partitions.
TEST(CommitNote, IsNeverBehindTheBase) {
  EXPECT_EQ(carried(R"({"t":{"0":4,"1":20,"2":6}})", R"({"t":{"0":5,"1":9,"2":1}})"),
            (log::NextOffsets{{{"t", 0}, 5}, {{"t", 1}, 20}, {{"t", 2}, 6}}));
}

// A partition that was rolled back and is read again.
TEST(CommitNote, SaysWhereTheCommitItselfEnds) {
  EXPECT_EQ(carried(R"({"t":{"1":20}})", R"({"t":{"1":99}})"), (log::NextOffsets{{{"t", 1}, 20}}));
}

TEST(CommitNote, CarriesTheGreatestTradeTime) {
  auto note = commit_note("bronze", "c2", Positions(), {});
  note.summary["tradelake.max-trade-time-us"] = "1700000000000000";
  const auto base = table_at({snapshot(
      1, {{"tradelake.commit-id", "c1"}, {"tradelake.max-trade-time-us", "1700000000000009"}})});
  note.carry(*base.metadata, note.summary);
  EXPECT_EQ(note.summary["tradelake.max-trade-time-us"], "1700000000000009");
}

TEST(CheckHead, WantsTheCommitOnRecord) {
  const auto head = table_at({snapshot(1, {{"tradelake.commit-id", "c1"}}), snapshot(2, {}, 1)});
  EXPECT_TRUE(check_head(head, "bronze", "c1", {}));
  for (const auto& on_record : {std::optional<std::string>("c2"), std::optional<std::string>()}) {
    const auto refused = check_head(head, "bronze", on_record, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::corrupt);
  }
}

TEST(CheckHead, WantsNoOffsetBeyondTheRecord) {
  const auto head = table_at({snapshot(
      1, {{"tradelake.commit-id", "c1"}, {"tradelake.offsets", R"({"t":{"0":5,"1":9}})"}})});
  EXPECT_TRUE(check_head(head, "bronze", "c1", std::vector{at(0, 5), at(1, 12)}));
  const auto beyond = check_head(head, "bronze", "c1", std::vector{at(0, 5), at(1, 8)});
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().message.find("offset 9 of t partition 1"), std::string::npos);
  EXPECT_FALSE(check_head(head, "bronze", "c1", std::vector{at(0, 5)}));
}

}  // namespace
}  // namespace tradelake::bronze
