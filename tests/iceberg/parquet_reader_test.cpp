#include <arrow/array/builder_nested.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

constexpr const char* uri = "mem:/t/data.parquet";

TableMetadata table_of(std::vector<NestedField> fields) {
  TableMetadata metadata;
  metadata.schemas = {Schema{SchemaId{0}, std::move(fields), {}}};
  metadata.specs = {PartitionSpec{}};
  return metadata;
}

struct File {
  MemoryIo io;
  DataFile data;

  File(const TableMetadata& metadata, const std::vector<Column>& columns) {
    const auto written = write_data_file(io, {.uri = uri}, metadata.schema(),
                                         *to_table(metadata.schema(), columns), {});
    EXPECT_TRUE(written) << written.error().message;
    data = written.value_or(DataFile{});
  }

  // A file as another writer makes it.
  explicit File(const arrow::Table& rows) {
    const auto sink = *arrow::io::BufferOutputStream::Create();
    EXPECT_TRUE(parquet::arrow::WriteTable(rows, arrow::default_memory_pool(), sink).ok());
    io.files[uri] = (*sink->Finish())->ToString();
    data.path = uri;
    data.record_count = rows.num_rows();
  }

  Column read(const TableMetadata& metadata, const std::string& column, const Filter& filter = {}) {
    const auto rows = read_data_file(metadata, io, data, {column}, filter);
    EXPECT_TRUE(rows) << rows.error().message;
    if (!rows) return {};
    EXPECT_TRUE((*rows)->ValidateFull().ok());
    EXPECT_TRUE((*rows)->schema()->Equals(
        *arrow::schema({to_arrow_field(*metadata.schema().find(column))}), true));
    return to_cells(*metadata.schema().find(column)->type, *(*rows)->column(0));
  }

  std::string error(const TableMetadata& metadata, const std::vector<std::string>& columns = {},
                    const Filter& filter = {}) {
    const auto rows = read_data_file(metadata, io, data, columns, filter);
    return rows ? "none"
                : fmt::format("{}: {}", to_string(rows.error().code), rows.error().message);
  }
};

const TypePtr int32 = primitive(TypeKind::int32);
const TypePtr int64 = primitive(TypeKind::int64);
const TypePtr text = primitive(TypeKind::string);

TEST(ReadDataFile, FindsRenamedColumnsByIdAndNotDroppedOnesByName) {
  File file(table_of({field(1, "a", int32), field(2, "b", text)}),
            {{1, 2}, {std::string("x"), {}}});
  // b is now called a; the old a was dropped and another b added.
  const auto now = table_of({field(3, "b", int32), field(2, "a", text)});
  EXPECT_TRUE(same(file.read(now, "a"), {std::string("x"), {}}));
  EXPECT_TRUE(same(file.read(now, "b"), {{}, {}}));
  EXPECT_TRUE(same(file.read(now, "b", {{"a", Comparison::equal, {std::string("x")}}}), Column(1)));
  EXPECT_TRUE(same(file.read(now, "a", {{"b", Comparison::not_null, {}}}), {}));
  EXPECT_TRUE(same(file.read(now, "a", {{"b", Comparison::is_null, {}}}), {std::string("x"), {}}));
}

TEST(ReadDataFile, GivesColumnsInTheOrderAskedForAndAllOfThemByDefault) {
  const auto table = table_of({field(1, "a", int32), field(2, "b", text), field(3, "c", int64)});
  File file(table, {{1}, {std::string("x")}, {std::int64_t{3}}});
  const auto all = read_data_file(table, file.io, file.data, {}, {});
  EXPECT_THAT((*all)->ColumnNames(), testing::ElementsAre("a", "b", "c"));
  const auto some =
      read_data_file(table, file.io, file.data, {"c", "a"}, {{"b", Comparison::not_null, {}}});
  EXPECT_THAT((*some)->ColumnNames(), testing::ElementsAre("c", "a"));
  EXPECT_THAT(file.error(table, {"d"}), testing::HasSubstr("column 'd' is not among"));
  EXPECT_THAT(file.error(table, {"a", "a"}), testing::HasSubstr("asked for twice"));
}

TEST(ReadDataFile, PromotesIntToLongFloatToDoubleAndDecimalPrecision) {
  File file(table_of({field(1, "i", int32), field(2, "f", primitive(TypeKind::float32)),
                      field(3, "d", decimal_type(9, 2)), field(4, "e", decimal_type(18, 2))}),
            {{INT32_MIN, {}, 7},
             {0.1F, {}, -1.0F},
             {int128_t{-5}, {}, int128_t{999999999}},
             {int128_t{1}, {}, int128_t{2}}});
  const auto now =
      table_of({field(1, "i", int64), field(2, "f", primitive(TypeKind::float64)),
                field(3, "d", decimal_type(38, 2)), field(4, "e", decimal_type(20, 2))});
  EXPECT_TRUE(same(file.read(now, "i"), {std::int64_t{INT32_MIN}, {}, std::int64_t{7}}));
  EXPECT_TRUE(same(file.read(now, "f"), {static_cast<double>(0.1F), {}, -1.0}));
  EXPECT_TRUE(same(file.read(now, "d"), {int128_t{-5}, {}, int128_t{999999999}}));
  EXPECT_TRUE(same(file.read(now, "e"), {int128_t{1}, {}, int128_t{2}}));
  EXPECT_TRUE(same(file.read(now, "i", {{"i", Comparison::less, {std::int64_t{INT32_MIN} + 1}}}),
                   {std::int64_t{INT32_MIN}}));
  EXPECT_TRUE(same(file.read(now, "i", {{"i", Comparison::less, {std::int64_t{INT32_MIN}}}}), {}));
}

TEST(ReadDataFile, RefusesTypesThatAreNoPromotion) {
  File file(table_of({field(1, "a", int64)}), {{std::int64_t{1}}});
  EXPECT_THAT(file.error(table_of({field(1, "a", int32)})),
              testing::HasSubstr("is int64 in the file"));
  EXPECT_THAT(file.error(table_of({field(1, "a", text)})),
              testing::StartsWith("unsupported: reading data file mem:"));
  EXPECT_THAT(file.error(table_of({field(1, "a", primitive(TypeKind::timestamp))})),
              testing::HasSubstr("cannot be read"));
}

TEST(ReadDataFile, RefusesAFileWithoutARequiredColumn) {
  File file(table_of({field(1, "a", int32)}), {{1}});
  EXPECT_THAT(file.error(table_of({field(1, "a", int32), field(2, "b", int32, true)})),
              testing::HasSubstr("column 'b' (id 2) is required, but the file does not have it"));
}

TEST(ReadDataFile, TakesAMissingColumnFromAnIdentityPartition) {
  File file(table_of({field(1, "a", int32)}), {{1, 2}});
  auto now = table_of(
      {field(1, "a", int32), field(2, "category", text), field(3, "price", decimal_type(38, 18))});
  now.specs = {PartitionSpec{SpecId{0},
                             {{FieldId{2}, FieldId{1000}, "category", parse_transform("identity")},
                              {FieldId{3}, FieldId{1001}, "price", parse_transform("identity")}}}};
  file.data.partition = {Value{std::string("spot")}, Value{int128_t{-5}}};
  EXPECT_TRUE(same(file.read(now, "category"), {std::string("spot"), std::string("spot")}));
  EXPECT_TRUE(same(file.read(now, "price"), {int128_t{-5}, int128_t{-5}}));
  EXPECT_TRUE(
      same(file.read(now, "a", {{"category", Comparison::equal, {std::string("linear")}}}), {}));
}

TEST(ReadDataFile, ReadsFilesWithoutIdsByTheNameMapping) {
  const auto list = std::make_shared<arrow::Int32Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), list);
  ASSERT_TRUE(builder.Append().ok() && list->AppendValues({1, 2}).ok());
  File file(*arrow::Table::Make(arrow::schema({arrow::field("old", arrow::int32()),
                                               arrow::field("l", arrow::list(arrow::int32()))}),
                                {to_array(*int32, {5}), *builder.Finish()}));
  auto table =
      table_of({field(1, "a", int64), field(2, "l", list_type(field(3, "element", int64)))});
  EXPECT_TRUE(same(file.read(table, "a"), {{}}));  // without a mapping nothing is known
  table.properties["schema.name-mapping.default"] =
      R"([{"field-id": 1, "names": ["a", "old"]}, {"field-id": 2, "names": ["l"], "fields": [{"field-id": 3, "names": ["element"]}]}])";
  EXPECT_TRUE(same(file.read(table, "a"), {std::int64_t{5}}));
  const auto rows = read_data_file(table, file.io, file.data, {"l"}, {});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_TRUE((*rows)->ValidateFull().ok());
  EXPECT_EQ((*rows)->column(0)->chunk(0)->ToString(), "[\n  [\n    1,\n    2\n  ]\n]");
  table.properties["schema.name-mapping.default"] = "[{]";
  EXPECT_THAT(file.error(table), testing::HasSubstr("schema.name-mapping.default is not JSON"));
}

TEST(ReadDataFile, EvolvesStructsAndListsOfStructsById) {
  const auto old_place =
      struct_type({field(2, "x", int32), field(3, "gone", int32), field(4, "name", text)});
  const auto old_table = table_of({field(1, "place", old_place),
                                   field(5, "places", list_type(field(6, "element", old_place)))});
  // Ids inside the list are its own.
  TableMetadata written = old_table;
  written.schemas[0].fields[1].type = list_type(
      field(6, "element",
            struct_type({field(7, "x", int32), field(8, "gone", int32), field(9, "name", text)})));
  const auto place = *arrow::StructArray::Make(
      {to_array(*int32, {1, 2}), to_array(*int32, {3, 4}), to_array(*text, {std::string("a"), {}})},
      std::vector<std::string>{"x", "gone", "name"});
  const auto offsets = to_array(*int32, {0, 2, 2});
  const auto places = *arrow::ListArray::FromArrays(*offsets, *place);
  MemoryIo io;
  const auto file =
      write_data_file(io, {.uri = uri}, written.schema(),
                      *arrow::Table::Make(arrow::schema({arrow::field("place", place->type()),
                                                         arrow::field("places", places->type())}),
                                          {place, places}),
                      {});
  ASSERT_TRUE(file) << file.error().message;
  const auto now = table_of(
      {field(5, "spots",
             list_type(field(6, "element",
                             struct_type({field(9, "title", text), field(7, "x", int64)})))),
       field(1, "place",
             struct_type(
                 {field(10, "fresh", int32), field(4, "title", text), field(2, "x", int64)}))});
  const auto rows = read_data_file(now, io, *file, {}, {});
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_TRUE((*rows)->ValidateFull().ok()) << (*rows)->ValidateFull().ToString();
  EXPECT_TRUE((*rows)->schema()->Equals(*to_arrow_schema(now.schema()), true));
  const auto& back = static_cast<const arrow::StructArray&>(*(*rows)->column(1)->chunk(0));
  EXPECT_EQ(back.field(0)->null_count(), 2);
  EXPECT_TRUE(back.field(1)->Equals(*to_array(*text, {std::string("a"), {}})));
  EXPECT_TRUE(back.field(2)->Equals(*to_array(*int64, {std::int64_t{1}, std::int64_t{2}})));
  const auto& lists = static_cast<const arrow::ListArray&>(*(*rows)->column(0)->chunk(0));
  EXPECT_EQ(lists.value_length(0), 2);
  EXPECT_EQ(lists.value_length(1), 0);
}

TEST(ReadDataFile, ReadsWhatOthersSpellDifferently) {
  const auto mapping =
      R"([{"field-id": 1, "names": ["s"]}, {"field-id": 2, "names": ["t"]}, {"field-id": 3, "names": ["i"]}])";
  auto table = table_of(
      {field(1, "s", text), field(2, "t", primitive(TypeKind::timestamp)), field(3, "i", int32)});
  table.properties["schema.name-mapping.default"] = mapping;
  arrow::LargeStringBuilder strings;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::NANO),
                                arrow::default_memory_pool());
  arrow::Int16Builder shorts;
  ASSERT_TRUE(strings.Append("a").ok() && times.Append(1'999).ok() && shorts.Append(-3).ok());
  File file(
      *arrow::Table::Make(arrow::schema({arrow::field("s", arrow::large_utf8()),
                                         arrow::field("t", arrow::timestamp(arrow::TimeUnit::NANO)),
                                         arrow::field("i", arrow::int16())}),
                          {*strings.Finish(), *times.Finish(), *shorts.Finish()}));
  EXPECT_TRUE(same(file.read(table, "s"), {std::string("a")}));
  EXPECT_TRUE(same(file.read(table, "t"), {std::int64_t{1}}));
  EXPECT_TRUE(same(file.read(table, "i"), {-3}));
  // Bounds in nanoseconds are not mistaken for microseconds.
  EXPECT_TRUE(same(file.read(table, "t", {{"t", Comparison::equal, {std::int64_t{1}}}}),
                   {std::int64_t{1}}));
}

TEST(ReadDataFile, DamagedFilesAreErrorsNotCrashes) {
  const auto table = table_of({field(1, "a", text), field(2, "b", int64)});
  Column texts, numbers;
  for (std::int64_t i = 0; i < 500; ++i) {
    texts.push_back(std::to_string(i * 7919));
    numbers.push_back(i * i);
  }
  File file(table, {texts, numbers});
  const std::string good = file.io.files[uri];
  EXPECT_EQ(file.error(table), "none");
  Random random(7);
  int detected = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = good;
    damaged[static_cast<std::size_t>(below(random, std::ssize(good)))] ^=
        static_cast<char>(1 << below(random, 8));
    file.io.files[uri] = damaged;
    if (file.error(table) != "none") ++detected;
  }
  EXPECT_GT(detected, 300);  // by page checksums; some bits of a footer carry no meaning
  file.io.files[uri] = good.substr(0, good.size() / 2);
  EXPECT_THAT(file.error(table),
              testing::StartsWith("corrupt: reading data file mem:/t/data.parquet"));
  file.io.files[uri] = "";
  EXPECT_THAT(file.error(table), testing::StartsWith("corrupt"));
  file.io.files.clear();
  EXPECT_THAT(file.error(table), testing::StartsWith("not_found"));
  file.data.format = "ORC";
  EXPECT_THAT(file.error(table), testing::StartsWith("unsupported"));
}

}  // namespace
}  // namespace tradelake::iceberg
