// What a newer version of the program finds on its start, and makes of it.
#include "iceberg/declared_table.h"

#include <gmock/gmock.h>

#include "iceberg/changing_table.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"
#include "iceberg/transaction.h"

namespace tradelake::iceberg {
namespace {

using testing::HasSubstr;

class EnsureTest : public LakeTest {
 protected:
  TableDefinition definition(const char* transform) {
    PartitionSpec spec{
        SpecId{0},
        {{FieldId{2}, FieldId{1000}, fmt::format("at_{}", transform), parse_transform(transform)}}};
    return {{"bronze", "e"}, declared_schema(), std::move(spec), {}, {}};
  }
  Table ensure(const TableDefinition& wanted) {
    auto table = ensure_table(*catalog_, *io_, warehouse(), wanted);
    EXPECT_TRUE(table) << table.error().message;
    return *table;
  }
  Table change(Table table, std::unique_ptr<Action> action) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(table, std::move(action));
    EXPECT_TRUE(transaction.commit());
    return table;
  }
};

TEST_F(EnsureTest, AddsWhatItDeclaresAndTakesEarlierPartitioningOver) {
  auto newer = definition("hour");
  newer.earlier_specs = {definition("day").spec};
  newer.schema.fields.push_back(field(5, "venue", primitive(TypeKind::string)));
  const auto old = ensure(definition("day"));
  const auto renamed = change(old, rename_column("at", "time"));
  const auto now = ensure(newer);
  EXPECT_EQ(now.metadata->schema().fields.back().name, "venue");
  EXPECT_EQ(now.metadata->schema().fields.back().id, FieldId{5});
  EXPECT_EQ(now.metadata->schema().fields[1].name, "time");  // theirs stays
  EXPECT_EQ(to_string(now.metadata->spec().fields.at(0).transform), "hour");
  EXPECT_EQ(now.metadata->spec().fields[0].field_id, FieldId{1001});
  EXPECT_EQ(ensure(newer).metadata_location, now.metadata_location);
  // Dropped by somebody: not added again. Back to days: theirs to decide.
  auto dropped = change(now, drop_column("venue"));
  dropped = change(dropped, set_partitioning({*parse_partition_term("day(time)")}));
  EXPECT_EQ(ensure(newer).metadata_location, dropped.metadata_location);
}

TEST_F(EnsureTest, LeavesAPinnedTableAlone) {
  auto pinned = definition("day");
  pinned.properties = {{"tradelake.partition-spec", "keep"}};
  const auto old = ensure(pinned);
  auto newer = definition("hour");
  newer.earlier_specs = {definition("day").spec};
  EXPECT_EQ(ensure(newer).metadata_location, old.metadata_location);
}

TEST_F(EnsureTest, RefusesToAddARequiredColumn) {
  ensure(definition("day"));
  auto newer = definition("day");
  newer.schema.fields.push_back(field(5, "venue", primitive(TypeKind::string), true));
  const auto table = ensure_table(*catalog_, *io_, warehouse(), newer);
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().message, HasSubstr("'venue' is required and cannot be added"));
}

}  // namespace
}  // namespace tradelake::iceberg
