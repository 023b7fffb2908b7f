// A program that keeps writing what it declares, into a table that others change.
#include <gmock/gmock.h>

#include <arrow/array/builder_dict.h>

#include "iceberg/changing_table.h"
#include "iceberg/declared_schema.h"
#include "iceberg/partition_rows.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"

namespace tradelake::iceberg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<Column> three_rows{{text("a"), text("b"), text("c")},
                                     {time_at(0.1), time_at(0.2), time_at(0.3)},
                                     {number(1), {}, number(3)},
                                     {int128_t{150}, int128_t{250}, int128_t{350}}};

TEST(WriteRows, FindsRenamedMovedAndWidenedColumns) {
  Changing table;
  table.apply(rename_column("count", "number"));
  table.apply(rename_column("at", "count"));  // even by the name of another
  table.apply(move_column("price", {ColumnPlace::Kind::first}));
  table.apply(widen_column("number", primitive(TypeKind::int64)));
  table.apply(widen_column("price", decimal_type(30, 2)));
  ParquetOptions options;
  options.delta_columns = {"at", "count"};
  options.random_columns = {"market"};
  const auto files = table.write(three_rows, options);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(same(table.read(files[0], "market"), three_rows[0]));
  EXPECT_TRUE(same(table.read(files[0], "count"), three_rows[1]));
  EXPECT_TRUE(
      same(table.read(files[0], "number"), {Value{std::int64_t{1}}, {}, Value{std::int64_t{3}}}));
  EXPECT_TRUE(same(table.read(files[0], "price"), three_rows[3]));
  EXPECT_EQ(table.metadata.current_snapshot()->schema_id, table.metadata.current_schema_id);
  EXPECT_EQ(files[0].lower_bounds.at(FieldId{3}).size(), 8U);
}

TEST(WriteRows, LeavesUnknownColumnsNullAndDroppedOnesOut) {
  Changing table;
  table.apply(add_column("venue", primitive(TypeKind::string)));
  table.apply(add_column("place", struct_type({field(1, "city", primitive(TypeKind::string))})));
  table.apply(drop_column("price"));
  table.apply(add_column("price", primitive(TypeKind::string)));  // not ours any more
  const auto files = table.write(three_rows);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(same(table.read(files[0], "venue"), {{}, {}, {}}));
  EXPECT_TRUE(same(table.read(files[0], "price"), {{}, {}, {}}));
  EXPECT_EQ(
      files[0].null_value_counts.at(table.metadata.schema().find(std::string_view("venue"))->id),
      3);
  EXPECT_FALSE(files[0].value_counts.contains(FieldId{4}));
}

TEST(WriteRows, RefusesARequiredColumnThatItDoesNotKnow) {
  Changing table;
  auto schema = table.metadata.schema();
  schema.id = SchemaId{1};
  schema.fields.push_back(field(5, "venue", primitive(TypeKind::string), true));
  table.metadata.schemas.push_back(schema);
  table.metadata.current_schema_id = schema.id;
  const auto files = write_rows(table.io, table.metadata, declared_schema(),
                                to_table(declared_schema(), three_rows));
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("'venue' (id 5) of the table is required"));
}

TEST(WriteRows, SplitsByWhateverTheSpecIsNow) {
  Changing table;
  const std::vector<Column> rows{
      {text("b"), text("a"), text("b"), text("a"), text("b")},
      {time_at(0.5), time_at(1.5), time_at(0.7), time_at(25), time_at(-0.5)},
      {number(1), number(2), number(3), number(4), {}},
      {{}, {}, {}, {}, {}}};
  const auto counts = [&](const std::vector<DataFile>& files) {
    std::vector<Column> all;
    for (const auto& file : files) all.push_back(table.read(file, "count"));
    return all;
  };
  const auto by_hour = table.write(rows);
  EXPECT_EQ(counts(by_hour),
            (std::vector<Column>{{{}}, {number(1), number(3)}, {number(2)}, {number(4)}}));
  EXPECT_EQ(by_hour[0].partition, PartitionTuple{number(-1)});
  EXPECT_THAT(by_hour[0].path, HasSubstr("/at_hour=1969-12-31-23/"));

  table.apply(set_partitioning(*parse_partition_terms("day(at), market")));
  const auto by_two = table.write(rows);
  EXPECT_EQ(counts(by_two),
            (std::vector<Column>{{{}}, {number(2)}, {number(1), number(3)}, {number(4)}}));
  EXPECT_EQ(by_two[1].partition, (PartitionTuple{number(0), text("a")}));

  table.apply(set_partitioning(*parse_partition_terms("bucket(4, count)")));
  std::size_t written = 0;
  for (const auto& file : table.write(rows)) {
    for (const auto& cell : table.read(file, "count")) {
      const auto bucket =
          cell ? apply(parse_transform("bucket[4]"), *primitive(TypeKind::int32), *cell)
               : std::nullopt;
      EXPECT_EQ(file.partition, PartitionTuple{bucket});
      ++written;
    }
  }
  EXPECT_EQ(written, 5U);

  table.apply(set_partitioning({}));
  EXPECT_EQ(counts(table.write(rows)), (std::vector<Column>{rows[2]}));

  const auto all = plan_files(table.metadata, table.io, {});
  ASSERT_TRUE(all);
  const auto some =
      plan_files(table.metadata, table.io, {{"at", Comparison::greater_equal, {time_at(24)}}});
  EXPECT_LT(some->size(), all->size());
}

TEST(WriteRows, RefusesATransformOfALaterVersion) {
  Changing table;
  table.metadata.specs[0].fields[0].transform = parse_transform("zorder");
  const auto files = write_rows(table.io, table.metadata, declared_schema(),
                                to_table(declared_schema(), three_rows));
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message, HasSubstr("partitioned by zorder"));
}

TEST(DeclaredSchema, ReadsByItsOwnNames) {
  Changing table;
  const auto files = table.write(three_rows);
  table.apply(rename_column("count", "number"));
  table.apply(widen_column("number", primitive(TypeKind::int64)));
  table.apply(drop_column("price"));
  const auto metadata = std::make_shared<const TableMetadata>(table.metadata);
  const auto view = as_declared(metadata, declared_schema());
  const auto rows = read_data_file(*view, table.io, files[0], {"count", "price"},
                                   {{"count", Comparison::equal, {number(3)}}});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_TRUE(
      same(to_cells(*primitive(TypeKind::int64), *(*rows)->column(0)), {Value{std::int64_t{3}}}));
  EXPECT_EQ((*rows)->column(1)->null_count(), 1);
  EXPECT_EQ(plan_files(*view, table.io, {{"count", Comparison::equal, {number(9)}}})->size(), 0U);
}

TEST(DeclaredSchema, IsTheTablesOwnWhereNobodyTouchedIt) {
  Changing table;
  table.apply(add_column("venue", primitive(TypeKind::string)));
  table.apply(move_column("venue", {ColumnPlace::Kind::first}));
  const auto metadata = std::make_shared<const TableMetadata>(table.metadata);
  EXPECT_EQ(as_declared(metadata, declared_schema()), metadata);
}

TEST(DeclaredSchema, FindsColumnsThatWereAddedUnderAnotherId) {
  Changing table;
  table.apply(add_column("theirs", primitive(TypeKind::string)));  // takes id 5
  auto declared = declared_schema();
  declared.fields.push_back(field(5, "ours", primitive(TypeKind::int64)));
  EXPECT_FALSE(id_in_table(table.metadata, declared.fields.back()));
  table.apply(declare_columns(declared));
  EXPECT_EQ(id_in_table(table.metadata, declared.fields.back()), FieldId{6});
  table.apply(rename_column("ours", "renamed"));
  EXPECT_EQ(id_in_table(table.metadata, declared.fields.back()), FieldId{6});
  auto columns = three_rows;
  columns.push_back({Value{std::int64_t{7}}, {}, {}});
  const auto files = write_rows(table.io, table.metadata, declared, to_table(declared, columns));
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_TRUE(same(table.read(files->at(0), "renamed"), columns.back()));
  EXPECT_TRUE(same(table.read(files->at(0), "theirs"), {{}, {}, {}}));
}

TEST(PartitionRows, KeepsDictionariesAndDoesNotCopyOnePartition) {
  arrow::StringDictionaryBuilder builder;
  for (const auto* value : {"x", "y", "x"}) ASSERT_TRUE(builder.Append(value).ok());
  std::shared_ptr<arrow::Array> names;
  ASSERT_TRUE(builder.Finish(&names).ok());
  const Schema schema{.id = {},
                      .fields = {field(1, "name", primitive(TypeKind::string))},
                      .identifier_field_ids = {}};
  const auto rows =
      arrow::Table::Make(arrow::schema({arrow::field("name", names->type())}), {names});
  const PartitionSpec spec{{}, {{FieldId{1}, FieldId{1000}, "name", parse_transform("identity")}}};
  const auto parts = *partition_rows(schema, spec, rows);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].rows->num_rows(), 2);
  EXPECT_EQ(parts[0].rows->column(0)->type()->id(), arrow::Type::DICTIONARY);
  const auto one = *partition_rows(schema, {}, rows);
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].rows, rows);
}

}  // namespace
}  // namespace tradelake::iceberg
