#include "iceberg/filter_pruning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "iceberg/parquet_brute_force.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

Schema one(const TypePtr& type) {
  return {SchemaId{0}, {field(1, "x", type)}, {}};
}

PartitionSpec spec_of(const Transform& transform) {
  return {SpecId{0}, {{FieldId{1}, FieldId{1000}, "x_part", transform}}};
}

BoundFilter bound(const Schema& schema, const Filter& filter) {
  auto result = bind(schema, filter);
  EXPECT_TRUE(result) << result.error().message;
  return result.value_or(BoundFilter{});
}

constexpr std::int64_t hour_us = 3'600'000'000;

TEST(Bind, SaysWhatIsWrongWithAFilter) {
  const Schema schema{SchemaId{0},
                      {field(1, "x", primitive(TypeKind::int64)),
                       field(2, "l", list_type(field(3, "element", primitive(TypeKind::int32)))),
                       field(4, "d", primitive(TypeKind::float64))},
                      {}};
  const auto error = [&](const Predicate& predicate) {
    const auto result = bind(schema, {predicate});
    return result ? "none" : result.error().message;
  };
  EXPECT_THAT(error({"y", Comparison::is_null, {}}),
              testing::HasSubstr("'y', which the table does not have"));
  EXPECT_THAT(error({"x", Comparison::equal, {std::string("1")}}),
              testing::HasSubstr("of another type"));
  EXPECT_THAT(error({"d", Comparison::equal, {std::numeric_limits<double>::quiet_NaN()}}),
              testing::HasSubstr("NaN"));
  EXPECT_THAT(error({"x", Comparison::less, {}}), testing::HasSubstr("0 literals; it takes one"));
  EXPECT_THAT(error({"x", Comparison::is_null, {1}}), testing::HasSubstr("takes none"));
  EXPECT_THAT(error({"l", Comparison::equal, {1}}), testing::HasSubstr("list, map or struct"));
  EXPECT_EQ(error({"l", Comparison::not_null, {}}), "none");
}

TEST(Bind, WidensLiteralsToPromotedColumns) {
  const auto filter =
      bound(one(primitive(TypeKind::int64)), {{"x", Comparison::equal, {std::int32_t{5}}}});
  EXPECT_EQ(filter.at(0).values.at(0), Value{std::int64_t{5}});
}

TEST(Project, TimesBecomeTheirHourOrDay) {
  const Schema schema = one(primitive(TypeKind::timestamp));
  const auto at = [&](Comparison comparison, std::int64_t us, const char* transform) {
    const auto filter = bound(schema, {{"x", comparison, {us}}});
    return project(filter[0], parse_transform(transform));
  };
  const auto hour = at(Comparison::less, 5 * hour_us + 1, "hour");
  ASSERT_TRUE(hour);
  EXPECT_EQ(hour->comparison, Comparison::less_equal);
  EXPECT_EQ(hour->values, std::vector<Value>{5});
  EXPECT_EQ(at(Comparison::greater, 25 * hour_us, "day")->values, std::vector<Value>{1});
  // Old writers put times before 1970 one partition too late.
  EXPECT_EQ(at(Comparison::equal, -1, "hour")->values, (std::vector<Value>{-1, 0}));
  EXPECT_EQ(at(Comparison::greater, INT64_MAX, "hour"), std::nullopt);
  EXPECT_EQ(at(Comparison::less, hour_us, "void"), std::nullopt);
  EXPECT_EQ(at(Comparison::less, hour_us, "wonder[3]"), std::nullopt);
  EXPECT_EQ(at(Comparison::less, hour_us, "bucket[8]")->comparison, Comparison::not_null);
}

TEST(FileMayMatch, PrunesByPartitionWithoutAnyBounds) {
  const Schema schema = one(primitive(TypeKind::timestamp));
  DataFile file;
  file.partition = {Value{10}};
  const auto may = [&](Comparison comparison, std::int64_t us) {
    return file_may_match(bound(schema, {{"x", comparison, {us}}}),
                          spec_of(parse_transform("hour")), file);
  };
  EXPECT_TRUE(may(Comparison::equal, 10 * hour_us));
  EXPECT_FALSE(may(Comparison::equal, 11 * hour_us));
  EXPECT_TRUE(may(Comparison::less, 10 * hour_us + 1));
  EXPECT_FALSE(may(Comparison::less, 10 * hour_us - 1));
  EXPECT_TRUE(may(Comparison::greater, 11 * hour_us - 1));
  EXPECT_FALSE(may(Comparison::greater_equal, 11 * hour_us));
}

TEST(FileMayMatch, KeepsAFileThatSaysNothingOrNonsense) {
  const Schema schema = one(primitive(TypeKind::int64));
  const PartitionSpec unpartitioned;
  const auto filter = bound(schema, {{"x", Comparison::greater, {std::int64_t{5}}}});
  DataFile file;
  file.record_count = 10;
  EXPECT_TRUE(file_may_match(filter, unpartitioned, file));
  file.upper_bounds[FieldId{1}] = "abc";  // no bytes of a long
  EXPECT_TRUE(file_may_match(filter, unpartitioned, file));
  file.upper_bounds[FieldId{1}] = std::string("\x05\0\0\0", 4);  // an int, from before a promotion
  EXPECT_FALSE(file_may_match(filter, unpartitioned, file));
  file.upper_bounds.clear();
  file.null_value_counts[FieldId{1}] = 10;
  EXPECT_FALSE(file_may_match(filter, unpartitioned, file));
  EXPECT_TRUE(file_may_match(bound(schema, {{"x", Comparison::is_null, {}}}), unpartitioned, file));
  file.null_value_counts[FieldId{1}] = 0;
  EXPECT_FALSE(
      file_may_match(bound(schema, {{"x", Comparison::is_null, {}}}), unpartitioned, file));
}

TEST(ManifestMayMatch, PrunesByTheSummariesOfTheSpec) {
  const Schema schema = one(primitive(TypeKind::timestamp));
  const auto spec = spec_of(parse_transform("hour"));
  const std::vector<TypePtr> types{primitive(TypeKind::int32)};
  ManifestFile manifest;
  manifest.partitions = {{.contains_null = false,
                          .contains_nan = {},
                          .lower_bound = to_bytes(*types[0], Value{10}),
                          .upper_bound = to_bytes(*types[0], Value{20})}};
  const auto may = [&](const Predicate& predicate) {
    return manifest_may_match(bound(schema, {predicate}), spec, types, manifest);
  };
  EXPECT_TRUE(may({"x", Comparison::equal, {15 * hour_us}}));
  EXPECT_FALSE(may({"x", Comparison::equal, {21 * hour_us}}));
  EXPECT_FALSE(may({"x", Comparison::less, {10 * hour_us - 1}}));
  EXPECT_FALSE(may({"x", Comparison::is_null, {}}));
  manifest.partitions.clear();  // the summaries are optional
  EXPECT_TRUE(may({"x", Comparison::equal, {21 * hour_us}}));
}

// The transforms that each type allows.
std::vector<std::string> transforms_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return {"identity", "year", "month", "day", "hour", "bucket[5]", "void"};
    case TypeKind::date:
      return {"identity", "year", "month", "day", "bucket[5]", "void"};
    case TypeKind::int32:
    case TypeKind::int64:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::binary:
      return {"identity", "truncate[3]", "bucket[5]", "void", "someday[1]"};
    case TypeKind::float32:
    case TypeKind::float64:
    case TypeKind::boolean:
      return {"identity", "void"};
    default:
      return {"identity", "bucket[5]", "void"};
  }
}

RC_GTEST_PROP(Pruning, NeverDropsThePartitionOfAMatchingValue, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const Schema types = every_type();
  for (const NestedField& any : types.fields) {
    const Schema schema = one(any.type);
    const auto names = transforms_of(any.type->kind);
    const auto transform =
        parse_transform(names[static_cast<std::size_t>(below(random, std::ssize(names)))]);
    const Predicate predicate = random_predicate(schema.fields[0], random);
    const auto filter = bound(schema, {predicate});
    const Cell cell = below(random, 10) == 0 ? Cell{} : random_value(*any.type, random);
    DataFile file;
    file.partition = {cell ? apply(transform, *any.type, *cell) : std::nullopt};
    if (transform.kind == Transform::Kind::unknown && cell)
      file.partition = {Value{std::string("?")}};
    if (holds(predicate, cell)) RC_ASSERT(file_may_match(filter, spec_of(transform), file));
  }
}

RC_GTEST_PROP(Pruning, NeverDropsAFileOrRowGroupWithAMatchingRow, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  TableMetadata metadata;
  metadata.schemas = {every_type()};
  metadata.specs = {PartitionSpec{}};
  const Schema& schema = metadata.schemas[0];
  const auto rows = 1 + below(random, 40);
  std::vector<Column> columns;
  for (const auto& field : schema.fields) columns.push_back(random_column(field, rows, random));
  MemoryIo io;
  const ParquetOptions options{.row_group_rows = 1 + below(random, 12)};
  const auto file =
      write_data_file(io, {.uri = "mem:/f"}, schema, *to_table(schema, columns), options);
  RC_ASSERT(file.has_value());
  for (int round = 0; round < 20; ++round) {
    Filter filter;
    std::vector<std::size_t> filtered;
    for (auto n = 1 + below(random, 2); n > 0; --n) {
      filtered.push_back(static_cast<std::size_t>(below(random, std::ssize(columns))));
      filter.push_back(random_predicate(schema.fields[filtered.back()], random));
    }
    // c2 says which rows came through: it is asked for although the filter is on others.
    Column expected;
    bool any = false;
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      bool match = true;
      for (std::size_t p = 0; p < filter.size(); ++p)
        match = match && holds(filter[p], columns[filtered[p]][row]);
      if (match) expected.push_back(columns[1][row]);
      any = any || match;
    }
    if (any) RC_ASSERT(file_may_match(bound(schema, filter), metadata.specs[0], *file));
    const auto found = read_data_file(metadata, io, *file, {"c2"}, filter);
    RC_ASSERT(found.has_value());
    RC_ASSERT((*found)->num_columns() == 1);
    RC_ASSERT(same(to_cells(*schema.fields[1].type, *(*found)->column(0)), expected));
  }
}

}  // namespace
}  // namespace tradelake::iceberg
