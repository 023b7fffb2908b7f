#include "iceberg/parquet_writer.h"

#include <set>

#include <arrow/array/builder_nested.h>
#include <arrow/array/concatenate.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <rapidcheck/gtest.h>

#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

constexpr const char* uri = "mem:/t/data.parquet";
constexpr double nan_double = std::numeric_limits<double>::quiet_NaN();
constexpr float nan_float = std::numeric_limits<float>::quiet_NaN();

struct Written {
  MemoryIo io;
  DataFile file;

  std::unique_ptr<parquet::ParquetFileReader> open() {
    return parquet::ParquetFileReader::Open(*io.open(uri));
  }
};

Written write(const Schema& schema, const arrow::Table& rows, const ParquetOptions& options = {}) {
  Written written;
  auto file = write_data_file(written.io, {.uri = uri}, schema, rows, options);
  EXPECT_TRUE(file) << file.error().message;
  if (file) written.file = *file;
  return written;
}

std::string error_of(const Schema& schema, const arrow::Table& rows,
                     const ParquetOptions& options = {}) {
  MemoryIo io;
  const auto file = write_data_file(io, {.uri = uri}, schema, rows, options);
  EXPECT_FALSE(file);
  EXPECT_TRUE(io.files.empty());
  return file ? "" : fmt::format("{}: {}", to_string(file.error().code), file.error().message);
}

Schema one(TypePtr type, bool required = false) {
  return {SchemaId{0}, {field(7, "x", std::move(type), required)}, {}};
}

DataFile metrics_of(TypePtr type, const Column& cells, const ParquetOptions& options = {}) {
  const Schema schema = one(std::move(type));
  return write(schema, *to_table(schema, {cells}), options).file;
}

std::optional<std::string> bound(const std::map<FieldId, std::string>& bounds,
                                 std::int32_t id = 7) {
  const auto it = bounds.find(FieldId{id});
  if (it == bounds.end()) return {};
  return it->second;
}

void expect_ids_below(const parquet::schema::Node& node, bool in_map) {
  for (int i = 0;
       node.is_group() && i < static_cast<const parquet::schema::GroupNode&>(node).field_count();
       ++i) {
    const auto& child = *static_cast<const parquet::schema::GroupNode&>(node).field(i);
    // The repeated group in the middle of a list or map is no Iceberg field.
    const bool repeated_group = child.is_group() && child.is_repeated();
    if (!repeated_group) {
      EXPECT_GT(child.field_id(), 0) << child.path()->ToDotString() << (in_map ? " in a map" : "");
    }
    expect_ids_below(child, in_map || child.converted_type() == parquet::ConvertedType::MAP);
  }
}

Schema nested_schema() {
  return {SchemaId{0},
          {field(1, "extra",
                 map_type(field(2, "key", primitive(TypeKind::string), true),
                          field(3, "value", primitive(TypeKind::string)))),
           field(4, "levels", list_type(field(5, "element", primitive(TypeKind::float64), true))),
           field(6, "place",
                 struct_type({field(7, "x", primitive(TypeKind::float64), true),
                              field(8, "name", primitive(TypeKind::string))}),
                 true)},
          {}};
}

// Two rows: {a: b, c: null}, [1, NaN], {1.5, "n"} and null, null, {NaN, null}; built with names and
// nullability that differ from the schema's, as builders do.
std::shared_ptr<arrow::Table> nested_rows() {
  auto* pool = arrow::default_memory_pool();
  const auto keys = std::make_shared<arrow::StringBuilder>();
  const auto values = std::make_shared<arrow::StringBuilder>();
  arrow::MapBuilder map(pool, keys, values);
  const auto elements = std::make_shared<arrow::DoubleBuilder>();
  arrow::ListBuilder list(pool, elements);
  EXPECT_TRUE(map.Append().ok() && keys->AppendValues({"a", "c"}).ok() &&
              values->Append("b").ok() && values->AppendNull().ok() && map.AppendNull().ok());
  EXPECT_TRUE(list.Append().ok() && elements->AppendValues({1, nan_double}).ok() &&
              list.AppendNull().ok());
  const auto xs = to_array(*primitive(TypeKind::float64), {1.5, nan_double});
  const auto names = to_array(*primitive(TypeKind::string), {std::string("n"), {}});
  const auto place = *arrow::StructArray::Make({xs, names}, std::vector<std::string>{"x", "name"});
  const arrow::ArrayVector columns{*map.Finish(), *list.Finish(), place};
  return arrow::Table::Make(arrow::schema({arrow::field("extra", columns[0]->type()),
                                           arrow::field("levels", columns[1]->type()),
                                           arrow::field("place", columns[2]->type())}),
                            columns);
}

TEST(WriteDataFile, PutsAFieldIdOnEveryNode) {
  auto written = write(nested_schema(), *nested_rows());
  expect_ids_below(*written.open()->metadata()->schema()->group_node(), false);
}

TEST(WriteDataFile, WritesThreeLevelListsAndMarksRequiredFields) {
  auto written = write(nested_schema(), *nested_rows());
  const auto reader = written.open();
  const auto* schema = reader->metadata()->schema();
  std::vector<std::string> paths;
  for (int i = 0; i < schema->num_columns(); ++i)
    paths.push_back(schema->Column(i)->path()->ToDotString());
  EXPECT_THAT(paths, testing::ElementsAre("extra.key_value.key", "extra.key_value.value",
                                          "levels.list.element", "place.x", "place.name"));
  EXPECT_TRUE(schema->group_node()->field(0)->is_optional());
  EXPECT_TRUE(schema->group_node()->field(2)->is_required());
  EXPECT_TRUE(schema->Column(3)->schema_node()->is_required());
  EXPECT_TRUE(schema->Column(4)->schema_node()->is_optional());
}

TEST(WriteDataFile, NestedLeavesHaveCountsButBoundsOnlyOutsideListsAndMaps) {
  const auto file = write(nested_schema(), *nested_rows()).file;
  EXPECT_EQ(file.record_count, 2);
  for (const int id : {2, 3, 5}) {
    EXPECT_TRUE(file.value_counts.contains(FieldId{id})) << id;
    EXPECT_FALSE(file.lower_bounds.contains(FieldId{id})) << id;
  }
  EXPECT_EQ(bound(file.lower_bounds, 7), to_bytes(*primitive(TypeKind::float64), 1.5));
  EXPECT_EQ(file.nan_value_counts.at(FieldId{7}), 1);
  EXPECT_EQ(bound(file.upper_bounds, 8), "n");
  EXPECT_EQ(file.null_value_counts.at(FieldId{8}), 1);
}

TEST(WriteDataFile, UsesOnlyWhatEveryFastReaderKnows) {
  Random random(1);
  Schema schema = every_type();
  std::vector<Column> columns;
  for (const auto& field : schema.fields) columns.push_back(random_column(field, 3000, random));
  auto written = write(
      schema, *to_table(schema, columns),
      {.plain_columns = {"c10"}, .delta_columns = {"c2", "c3", "c8"}, .random_columns = {"c12"}});
  const auto reader = written.open();
  std::set<parquet::Encoding::type> seen;
  for (int i = 0; i < reader->metadata()->num_columns(); ++i) {
    const auto chunk = reader->metadata()->RowGroup(0)->ColumnChunk(i);
    EXPECT_EQ(chunk->compression(), parquet::Compression::ZSTD);
    seen.insert(chunk->encodings().begin(), chunk->encodings().end());
    const auto pages = reader->RowGroup(0)->GetColumnPageReader(i);
    while (const auto page = pages->NextPage())
      EXPECT_NE(page->type(), parquet::PageType::DATA_PAGE_V2);
  }
  using enum parquet::Encoding::type;
  EXPECT_THAT(seen, testing::UnorderedElementsAre(PLAIN, RLE, RLE_DICTIONARY, DELTA_BINARY_PACKED));
}

TEST(WriteDataFile, StoresDecimalsAsTheSmallestIntegerThatHoldsThePrecision) {
  const std::pair<int, parquet::Type::type> table[] = {{1, parquet::Type::INT32},
                                                       {9, parquet::Type::INT32},
                                                       {10, parquet::Type::INT64},
                                                       {18, parquet::Type::INT64},
                                                       {19, parquet::Type::FIXED_LEN_BYTE_ARRAY},
                                                       {38, parquet::Type::FIXED_LEN_BYTE_ARRAY}};
  for (const auto& [precision, physical] : table) {
    const Schema schema = one(decimal_type(precision, 0));
    auto written = write(schema, *to_table(schema, {{int128_t{-1}}}));
    EXPECT_EQ(written.open()->metadata()->schema()->Column(0)->physical_type(), physical)
        << precision;
  }
}

TEST(ColumnMetrics, NumbersAreLittleEndianAndDecimalsMinimalBigEndian) {
  EXPECT_EQ(bound(metrics_of(primitive(TypeKind::int32), {1, -2, {}}).lower_bounds),
            "\xFE\xFF\xFF\xFF");
  const auto decimals = metrics_of(decimal_type(38, 18), {int128_t{-1}, int128_t{128}, {}});
  EXPECT_EQ(bound(decimals.lower_bounds), "\xFF");
  EXPECT_EQ(bound(decimals.upper_bounds), std::string("\0\x80", 2));
  EXPECT_EQ(decimals.null_value_counts.at(FieldId{7}), 1);
  EXPECT_EQ(decimals.value_counts.at(FieldId{7}), 3);
  for (const int precision : {9, 18, 19}) {
    const auto file = metrics_of(decimal_type(precision, 0), {int128_t{-300}, int128_t{300}});
    EXPECT_EQ(bound(file.lower_bounds), "\xFE\xD4") << precision;
    EXPECT_EQ(bound(file.upper_bounds), "\x01\x2C") << precision;
  }
}

TEST(ColumnMetrics, TextsAreCutToSixteenCodePointsAndTheUpperBoundRoundedUp) {
  const auto file =
      metrics_of(primitive(TypeKind::string), {std::string("ABCDEFGHIJKLMNOPQ"), std::string("B")});
  EXPECT_EQ(bound(file.lower_bounds), "ABCDEFGHIJKLMNOP");
  EXPECT_EQ(bound(file.upper_bounds), "B");
  const auto wide =
      metrics_of(primitive(TypeKind::string), {std::string("aaaaaaaaaaaaaaa\u00e9z")});
  EXPECT_EQ(bound(wide.lower_bounds), "aaaaaaaaaaaaaaa\u00e9");
  EXPECT_EQ(bound(wide.upper_bounds), "aaaaaaaaaaaaaaa\u00ea");
  const auto bytes = metrics_of(primitive(TypeKind::binary), {std::string(20, '\xFF')});
  EXPECT_EQ(bound(bytes.lower_bounds), std::string(16, '\xFF'));
  EXPECT_EQ(bound(bytes.upper_bounds), std::nullopt);
}

TEST(ColumnMetrics, TextsTooLongForParquetsStatisticsStillHaveBounds) {
  const std::string low(5000, 'b'), high(6000, 'c');
  for (const auto kind : {TypeKind::string, TypeKind::binary}) {
    const auto file = metrics_of(primitive(kind), {low, {}, high}, {.row_group_rows = 1});
    EXPECT_EQ(bound(file.lower_bounds), std::string(16, 'b'));
    EXPECT_EQ(bound(file.upper_bounds), std::string(15, 'c') + "d");
  }
}

TEST(ColumnMetrics, NanIsCountedButNeverABoundAndZeroBoundsTakeTheirSigns) {
  const auto nan = metrics_of(primitive(TypeKind::float64), {nan_double, {}, nan_double});
  EXPECT_EQ(bound(nan.lower_bounds), std::nullopt);
  EXPECT_EQ(nan.nan_value_counts.at(FieldId{7}), 2);
  EXPECT_EQ(nan.null_value_counts.at(FieldId{7}), 1);
  const auto mixed =
      metrics_of(primitive(TypeKind::float32), {nan_float, 2.0F, -1.0F}, {.row_group_rows = 1});
  EXPECT_EQ(bound(mixed.lower_bounds), to_bytes(*primitive(TypeKind::float32), -1.0F));
  EXPECT_EQ(bound(mixed.upper_bounds), to_bytes(*primitive(TypeKind::float32), 2.0F));
  for (const Column& zeros : {Column{0.0}, Column{-0.0}, Column{0.0, nan_double}}) {
    const auto zero = metrics_of(primitive(TypeKind::float64), zeros, {.row_group_rows = 1});
    EXPECT_EQ(bound(zero.lower_bounds), to_bytes(*primitive(TypeKind::float64), -0.0));
    EXPECT_EQ(bound(zero.upper_bounds), to_bytes(*primitive(TypeKind::float64), 0.0));
  }
}

TEST(ColumnMetrics, AColumnOfNullsHasNoBounds) {
  for (const auto& field : every_type().fields) {
    const auto file = metrics_of(field.type, {{}, {}});
    EXPECT_EQ(bound(file.lower_bounds), std::nullopt) << field.name;
    EXPECT_EQ(file.null_value_counts.at(FieldId{7}), 2) << field.name;
  }
}

TEST(ColumnMetrics, SizesAndSplitOffsetsAreThoseOfTheFile) {
  Column cells;
  for (std::int64_t i = 0; i < 1000; ++i) cells.push_back(i * i);
  const Schema schema = one(primitive(TypeKind::int64), true);
  auto written = write(schema, *to_table(schema, {cells}), {.row_group_rows = 300});
  const auto metadata = written.open()->metadata();
  ASSERT_EQ(metadata->num_row_groups(), 4);
  std::int64_t size = 0;
  for (int group = 0; group < 4; ++group)
    size += metadata->RowGroup(group)->ColumnChunk(0)->total_compressed_size();
  EXPECT_EQ(written.file.column_sizes.at(FieldId{7}), size);
  EXPECT_EQ(written.file.size_bytes, static_cast<std::int64_t>(written.io.files.at(uri).size()));
  ASSERT_EQ(written.file.split_offsets.size(), 4U);
  EXPECT_EQ(written.file.split_offsets[0], 4);
  EXPECT_TRUE(std::ranges::is_sorted(written.file.split_offsets));
}

TEST(WriteDataFile, DictionaryColumnsGiveTheSameFileAsTheirValues) {
  const Schema schema = one(primitive(TypeKind::string));
  const Column cells{std::string("b"), std::string("a"), {}, std::string("b")};
  // "0" and "zz" are in the dictionary only: they must not become bounds.
  const auto values = to_array(*primitive(TypeKind::string), {std::string("a"), std::string("b"),
                                                              std::string("zz"), std::string("0")});
  const auto indices = to_array(*primitive(TypeKind::int32), {1, 0, {}, 1});
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto encoded = *arrow::DictionaryArray::FromArrays(type, indices, values);
  auto plain = write(schema, *to_table(schema, {cells}));
  auto direct =
      write(schema, *arrow::Table::Make(arrow::schema({arrow::field("x", type)}), {encoded}));
  EXPECT_EQ(direct.file.lower_bounds, plain.file.lower_bounds);
  EXPECT_EQ(direct.file.upper_bounds, plain.file.upper_bounds);
  EXPECT_EQ(direct.file.null_value_counts, plain.file.null_value_counts);
  TableMetadata metadata;
  metadata.schemas = {schema};
  const auto rows = read_data_file(metadata, direct.io, direct.file, {}, {});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_TRUE(same(to_cells(*primitive(TypeKind::string), *(*rows)->column(0)), cells));
}

TEST(WriteDataFile, RefusesRowsThatAreNotOfTheSchema) {
  const Schema schema = one(primitive(TypeKind::int64), true);
  const auto good = to_table(schema, {{std::int64_t{1}}});
  EXPECT_THAT(error_of(schema, *to_table(one(primitive(TypeKind::int64)), {{std::int64_t{1}, {}}})),
              testing::HasSubstr("column 'x' is required, but 1 of its 2 values are null"));
  EXPECT_THAT(error_of(one(primitive(TypeKind::string)), *good),
              testing::HasSubstr("column 'x' is int64, but the table's type is string"));
  Schema renamed = schema;
  renamed.fields[0].name = "y";
  EXPECT_THAT(error_of(renamed, *good), testing::HasSubstr("column 'y' is not among the rows"));
  Schema wider = schema;
  wider.fields.push_back(field(8, "y", primitive(TypeKind::int64)));
  EXPECT_THAT(error_of(schema, *to_table(wider, {{std::int64_t{1}}, {std::int64_t{1}}})),
              testing::HasSubstr("a column 'y', which the schema does not have"));
  EXPECT_THAT(error_of(schema, *good->Slice(0, 0)), testing::HasSubstr("there are no rows"));
}

TEST(WriteDataFile, RefusesOptionsThatFitNoColumn) {
  const Schema schema = one(primitive(TypeKind::string));
  const auto rows = to_table(schema, {{std::string("a")}});
  EXPECT_THAT(error_of(schema, *rows, {.zstd_level = 23}),
              testing::HasSubstr("allowed are 1 to 22"));
  EXPECT_THAT(error_of(schema, *rows, {.plain_columns = {"y"}}), testing::HasSubstr("column 'y'"));
  EXPECT_THAT(error_of(schema, *rows, {.delta_columns = {"x"}}),
              testing::HasSubstr("DELTA_BINARY_PACKED"));
  EXPECT_THAT(error_of(schema, *rows, {.row_group_rows = 0}), testing::HasSubstr("at least 1"));
}

TEST(WriteDataFile, SaysWhichFileItCouldNotWrite) {
  const Schema schema = one(primitive(TypeKind::string));
  MemoryIo io;
  io.files[uri] = "taken";
  const auto file =
      write_data_file(io, {.uri = uri}, schema, *to_table(schema, {{std::string("a")}}), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::already_exists);
  EXPECT_THAT(file.error().message, testing::HasSubstr(uri));
}

RC_GTEST_PROP(WriteDataFile, WhatIsWrittenIsReadBackAndBoundsHoldEveryValue, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Schema schema = every_type();
  const auto rows = 1 + below(random, 60);
  std::vector<Column> columns;
  for (auto& field : schema.fields) {
    field.required = below(random, 4) == 0;
    columns.push_back(random_column(field, rows, random));
  }
  ParquetOptions options{.zstd_level = static_cast<int>(1 + below(random, 9)),
                         .row_group_rows = 1 + below(random, 80)};
  if (below(random, 2) == 0) {
    options.delta_columns = {"c2", "c3", "c6", "c7", "c8", "c9"};
    options.plain_columns = {"c1", "c16"};
    options.random_columns = {"c10", "c12", "c17"};
  }
  auto written = write(schema, *to_table(schema, columns), options);
  TableMetadata metadata;
  metadata.schemas = {schema};
  const auto back = read_data_file(metadata, written.io, written.file, {}, {});
  RC_ASSERT(back.has_value());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const NestedField& field = schema.fields[i];
    RC_ASSERT(same(to_cells(*field.type, *(*back)->column(static_cast<int>(i))), columns[i]));
    RC_ASSERT(written.file.null_value_counts.at(field.id) ==
              std::ranges::count_if(columns[i], [](const Cell& cell) { return !cell; }));
    const auto lower = bound(written.file.lower_bounds, field.id.value);
    const auto upper = bound(written.file.upper_bounds, field.id.value);
    for (const Cell& cell : columns[i]) {
      if (!cell) continue;
      if (std::holds_alternative<float>(*cell) && std::isnan(std::get<float>(*cell))) continue;
      if (std::holds_alternative<double>(*cell) && std::isnan(std::get<double>(*cell))) continue;
      RC_ASSERT(lower.has_value());
      RC_ASSERT((compare(*from_bytes(*field.type, *lower), *cell) <= 0));
      if (upper) RC_ASSERT((compare(*from_bytes(*field.type, *upper), *cell) >= 0));
    }
  }
}

}  // namespace
}  // namespace tradelake::iceberg
