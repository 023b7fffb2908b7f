// Single changes of schemas, partitioning, properties and refs: what they do and what they refuse.
#include <gmock/gmock.h>

#include "iceberg/lake_fixture.h"
#include "iceberg/ref_update.h"
#include "iceberg/schema_tree.h"
#include "iceberg/schema_update.h"
#include "iceberg/snapshot_lookup.h"
#include "iceberg/spec_update.h"
#include "iceberg/table_properties.h"

namespace tradelake::iceberg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EvolutionTest : public LakeTest {
 protected:
  Result<> change(std::unique_ptr<Action> action) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(table_, std::move(action));
    return transaction.commit();
  }
  void changed(std::unique_ptr<Action> action) {
    const auto before = table_.metadata_location;
    const auto done = change(std::move(action));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_NE(table_.metadata_location, before);
  }
  void unchanged(std::unique_ptr<Action> action) {
    const auto before = table_.metadata_location;
    const auto done = change(std::move(action));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(table_.metadata_location, before);
  }
  void refused(std::unique_ptr<Action> action, const std::string& why) {
    const auto before = table_.metadata_location;
    const auto done = change(std::move(action));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::invalid_argument);
    EXPECT_THAT(done.error().message, HasSubstr(why));
    EXPECT_EQ(table_.metadata_location, before);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& field : table_.metadata->schema().fields) names.push_back(field.name);
    return names;
  }
  const NestedField& column(std::string_view path) const {
    return *find_column(table_.metadata->schema(), path);
  }

  Table table_ = make_table("t");  // id, text, amount, extra; partitioned by text
};

TEST_F(EvolutionTest, AddsColumnsWithNewIdsAtTheirPlace) {
  changed(add_column("last", primitive(TypeKind::int32), "a text"));
  changed(add_column("first", primitive(TypeKind::date), "", {ColumnPlace::Kind::first}));
  changed(add_column("third", primitive(TypeKind::date), "", {ColumnPlace::Kind::after, "id"}));
  changed(add_column("second", primitive(TypeKind::date), "", {ColumnPlace::Kind::before, "id"}));
  EXPECT_THAT(names(),
              ElementsAre("first", "second", "id", "third", "text", "amount", "extra", "last"));
  EXPECT_EQ(column("last").id, FieldId{7});
  EXPECT_EQ(column("second").id, FieldId{10});
  EXPECT_FALSE(column("last").required);
  EXPECT_EQ(column("last").doc, "a text");
  EXPECT_EQ(table_.metadata->last_column_id, FieldId{10});
  EXPECT_EQ(table_.metadata->schemas.size(), 5U);
  refused(add_column("text", primitive(TypeKind::date)), "'text' exists already");
  refused(add_column("a.b", primitive(TypeKind::date)), "'a' does not exist; the table has first");
  refused(add_column("", primitive(TypeKind::date)), "no name of a column");
  refused(add_column("x", primitive(TypeKind::date), "", {ColumnPlace::Kind::after, "y"}),
          "allowed are first, second");
}

TEST_F(EvolutionTest, AddsToStructsAndNumbersNestedTypesByLevel) {
  const auto city =
      struct_type({{FieldId{1}, "name", primitive(TypeKind::string), false, ""},
                   {FieldId{1}, "streets",
                    list_type({FieldId{1}, "", primitive(TypeKind::string), false, ""}), false, ""},
                   {FieldId{1}, "size", primitive(TypeKind::int32), false, ""}});
  changed(add_column("city", city));
  EXPECT_EQ(column("city").id, FieldId{7});
  EXPECT_EQ(column("city.name").id, FieldId{8});
  EXPECT_EQ(column("city.streets").id, FieldId{9});
  EXPECT_EQ(column("city.size").id, FieldId{10});
  EXPECT_EQ(column("city.streets").type->fields[0].id, FieldId{11});
  changed(add_column("city.mayor", primitive(TypeKind::string), "", {ColumnPlace::Kind::first}));
  EXPECT_EQ(column("city.mayor").id, FieldId{12});
  EXPECT_EQ(column("city").type->fields[0].name, "mayor");
  changed(widen_column("city.size", primitive(TypeKind::int64)));
  changed(rename_column("city.size", "inhabitants"));
  EXPECT_EQ(column("city.inhabitants").id, FieldId{10});
  refused(add_column("extra.value", primitive(TypeKind::string)), "is map; columns can be added");
  refused(rename_column("extra.value", "v"), "part of a map");
  refused(widen_column("extra.key", primitive(TypeKind::string)), "key of a map");
  refused(drop_column("city.streets.element"), "part of a list");
}

TEST_F(EvolutionTest, RenamesMovesAndDescribes) {
  changed(rename_column("amount", "sum"));
  EXPECT_EQ(column("sum").id, FieldId{3});
  changed(move_column("sum", {ColumnPlace::Kind::first}));
  EXPECT_THAT(names(), ElementsAre("sum", "id", "text", "extra"));
  changed(move_column("sum", {ColumnPlace::Kind::after, "text"}));
  EXPECT_THAT(names(), ElementsAre("id", "text", "sum", "extra"));
  unchanged(move_column("sum", {ColumnPlace::Kind::before, "extra"}));
  changed(set_column_doc("sum", "all of it"));
  unchanged(set_column_doc("sum", "all of it"));
  unchanged(rename_column("sum", "sum"));
  changed(make_column_optional("id"));
  unchanged(make_column_optional("id"));
  refused(rename_column("sum", "text"), "exists already");
  refused(rename_column("nothing", "x"), "'nothing' does not exist");
  refused(move_column("sum", {ColumnPlace::Kind::after, "sum"}), "allowed are id, text, extra");
}

TEST_F(EvolutionTest, TakesUpASchemaThatWasThereBefore) {
  changed(rename_column("amount", "sum"));
  changed(rename_column("sum", "amount"));
  EXPECT_EQ(table_.metadata->current_schema_id, SchemaId{0});
  EXPECT_EQ(table_.metadata->schemas.size(), 2U);
}

TEST_F(EvolutionTest, WidensAndNothingElse) {
  changed(add_column("n", primitive(TypeKind::int32)));
  changed(add_column("f", primitive(TypeKind::float32)));
  changed(add_column("d", decimal_type(9, 2)));
  changed(widen_column("n", primitive(TypeKind::int64)));
  changed(widen_column("f", primitive(TypeKind::float64)));
  changed(widen_column("d", decimal_type(20, 2)));
  unchanged(widen_column("d", decimal_type(20, 2)));
  refused(widen_column("n", primitive(TypeKind::int32)),
          "is long and cannot become int; allowed: nothing");
  refused(widen_column("d", decimal_type(19, 2)), "decimal(P, 2) with 20 <= P <= 38");
  refused(widen_column("d", decimal_type(21, 3)), "decimal(P, 2)");
  refused(widen_column("id", primitive(TypeKind::float64)), "cannot become double");
}

TEST_F(EvolutionTest, DropsWhatNobodyNeedsAndNeverUsesAnIdAgain) {
  refused(drop_column("text"), "the partition spec (field 'text') needs it");
  changed(set_partitioning({}));
  changed(drop_column("text"));  // an old spec may still use it
  changed(add_column("text", primitive(TypeKind::int32)));
  EXPECT_EQ(column("text").id, FieldId{7});
  changed(drop_column("extra"));
  changed(drop_column("amount"));
  changed(drop_column("text"));
  refused(drop_column("id"), "it is the only one");
}

TEST_F(EvolutionTest, EvolvesPartitioning) {
  changed(add_column("at", primitive(TypeKind::timestamp)));
  changed(set_partitioning({*parse_partition_term("day(at)")}));
  EXPECT_EQ(table_.metadata->default_spec_id, SpecId{1});
  EXPECT_EQ(table_.metadata->spec().fields[0].field_id, FieldId{1001});
  EXPECT_EQ(table_.metadata->spec().fields[0].name, "at_day");
  changed(replace_partition_field("at_day", *parse_partition_term("hour(at)")));
  EXPECT_EQ(table_.metadata->spec().fields[0].field_id, FieldId{1002});
  changed(add_partition_field(*parse_partition_term(" bucket( 16 , id ) ")));
  EXPECT_EQ(table_.metadata->spec().fields[1].name, "id_bucket_16");
  EXPECT_EQ(table_.metadata->spec().fields[1].field_id, FieldId{1003});
  EXPECT_EQ(table_.metadata->last_partition_id, FieldId{1003});
  // Taken up again: the field with its id, the spec with its own.
  changed(remove_partition_field("id_bucket_16"));
  EXPECT_EQ(table_.metadata->default_spec_id, SpecId{2});
  changed(set_partitioning({*parse_partition_term("day(at)")}));
  EXPECT_EQ(table_.metadata->default_spec_id, SpecId{1});
  changed(set_partitioning(*parse_partition_terms("text, bucket(16, id)")));
  EXPECT_EQ(table_.metadata->spec().fields[0].field_id, FieldId{1000});
  EXPECT_EQ(table_.metadata->spec().fields[1].field_id, FieldId{1003});
  EXPECT_EQ(table_.metadata->last_partition_id, FieldId{1003});
  unchanged(set_partitioning(*parse_partition_terms("text, bucket(16, id)")));
  refused(set_partitioning({*parse_partition_term("hour(text)")}), "cannot be partitioned by hour");
  refused(set_partitioning({*parse_partition_term("nothing")}), "'nothing' to partition by");
  refused(set_partitioning(*parse_partition_terms("day(at), hour(at)")), "says nothing beside");
  refused(remove_partition_field("at_day"), "the spec has text, id_bucket_16");
  refused(add_partition_field({"id", parse_transform("bucket[8]"), "amount"}),
          "has the name of a column");
}

TEST(PartitionTerms, AreWhatTheySay) {
  EXPECT_TRUE(parse_partition_terms("none")->empty());
  const auto terms = *parse_partition_terms("a, truncate(4, b), hour(c.d)");
  ASSERT_EQ(terms.size(), 3U);
  EXPECT_EQ(to_string(terms[0].transform), "identity");
  EXPECT_EQ(to_string(terms[1].transform), "truncate[4]");
  EXPECT_EQ(terms[2].column, "c.d");
  for (const auto* text : {"", "hour(", "hour()", "week(a)", "bucket(a)", "bucket(0, a)", "a,,b"})
    EXPECT_FALSE(parse_partition_terms(text)) << text;
}

TEST_F(EvolutionTest, SetsProperties) {
  changed(set_properties({{"a", "1"}, {"b", "2"}}));
  unchanged(set_properties({{"a", "1"}}));
  changed(remove_properties({"a", "never there"}));
  unchanged(remove_properties({"a"}));
  EXPECT_EQ(table_.metadata->properties.at("b"), "2");
  refused(set_properties({{"format-version", "3"}}), "'format-version' is kept");
}

TEST_F(EvolutionTest, MovesRefsAndMain) {
  refused(set_tag("release"), "has no snapshot yet");
  ASSERT_TRUE(append(table_, {small_file("file:///1")}));
  const auto first = *table_.metadata->current_snapshot_id;
  ASSERT_TRUE(append(table_, {small_file("file:///2")}));
  const auto second = *table_.metadata->current_snapshot_id;
  changed(set_tag("release", first, 1000));
  unchanged(set_tag("release", first, 1000));
  changed(set_branch("trial"));
  EXPECT_EQ(table_.metadata->refs.at("trial").snapshot_id, second);
  EXPECT_EQ(table_.metadata->refs.at("release").max_ref_age_ms, 1000);
  refused(set_tag("trial"), "'trial' is a branch");
  refused(set_tag("main"), "allowed is any other than main");
  refused(set_tag("x", SnapshotId{5}), "no snapshot 5");
  refused(remove_tag("trial"), "it has release");
  refused(remove_branch("main"), "no branch 'main'");
  changed(remove_branch("trial"));

  changed(roll_back_to(first));
  unchanged(roll_back_to(first));
  EXPECT_EQ(table_.metadata->current_snapshot_id, first);
  EXPECT_EQ(table_.metadata->snapshot_log.size(), 3U);
  EXPECT_EQ(table_.metadata->snapshot_log.back().snapshot_id, first);
  refused(roll_back_to(second), "is not an ancestor");
  ASSERT_TRUE(append(table_, {small_file("file:///3")}));
  EXPECT_EQ(table_.metadata->current_snapshot()->parent_id, first);
  EXPECT_EQ(table_.metadata->current_snapshot()->sequence_number, SequenceNumber{3});
  const auto first_ms = table_.metadata->find_snapshot(first)->timestamp_ms;
  refused(roll_back_to_time(first_ms - 1), "no snapshot of");
  changed(roll_back_to(std::nullopt));
  EXPECT_EQ(table_.metadata->current_snapshot(), nullptr);
  EXPECT_TRUE(load_table(*catalog_, *io_, table_.ident));
  ASSERT_TRUE(append(table_, {small_file("file:///4")}));
  EXPECT_EQ(table_.metadata->current_snapshot()->summary.at("total-records"), "10");
}

TEST_F(EvolutionTest, IsDoneAgainOnWhatSomebodyElseHasMade) {
  auto theirs = *load_table(*catalog_, *io_, table_.ident);
  changed(add_column("ours", primitive(TypeKind::date)));
  Transaction transaction(*catalog_, *io_);
  transaction.add(theirs, add_column("theirs", primitive(TypeKind::date)));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(theirs.metadata->schema().find(std::string_view("ours"))->id, FieldId{7});
  EXPECT_EQ(theirs.metadata->schema().find(std::string_view("theirs"))->id, FieldId{8});
  EXPECT_EQ(theirs.metadata->last_column_id, FieldId{8});
}

TEST_F(EvolutionTest, TellsWhatWasWhen) {
  TableMetadata metadata;
  for (const std::int64_t n : {1, 2, 3}) {
    Snapshot snapshot;
    snapshot.id = SnapshotId{n};
    snapshot.timestamp_ms = n * 100;
    if (n > 1) snapshot.parent_id = SnapshotId{n - 1};
    metadata.snapshots.push_back(snapshot);
    metadata.snapshot_log.push_back({SnapshotId{n}, n * 100});
  }
  metadata.current_snapshot_id = SnapshotId{1};
  metadata.snapshot_log.push_back({SnapshotId{1}, 400});
  EXPECT_EQ(snapshot_as_of(metadata, 99), nullptr);
  EXPECT_EQ(snapshot_as_of(metadata, 399)->id, SnapshotId{3});
  EXPECT_EQ(snapshot_as_of(metadata, 400)->id, SnapshotId{1});
  EXPECT_EQ(ancestor_as_of(metadata, 400)->id, SnapshotId{1});
  EXPECT_EQ(ancestors(metadata, SnapshotId{3}).size(), 3U);
}

}  // namespace
}  // namespace tradelake::iceberg
