// Merging sorted runs, and the hash that proves it: over every type, nulls, sort directions and
// ways to cut the same rows into runs and batches, against a plain sort.
#include "iceberg/sorted_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include <arrow/compute/api.h>

#include "iceberg/content_hash.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/scan.h"
#include "parquet_memory_io.h"
#include "parquet_values.h"

namespace tradelake::iceberg {
namespace {

using Rows = std::vector<std::vector<Cell>>;  // by row, then by column

std::shared_ptr<arrow::Table> table_of(const Schema& schema, const Rows& rows) {
  std::vector<Column> columns(schema.fields.size());
  for (const auto& row : rows) {
    for (std::size_t n = 0; n < columns.size(); ++n) columns[n].push_back(row[n]);
  }
  return to_table(schema, columns);
}

Rows rows_of(const Schema& schema, const arrow::Table& table) {
  Rows rows(static_cast<std::size_t>(table.num_rows()));
  for (std::size_t n = 0; n < schema.fields.size(); ++n) {
    const auto cells = to_cells(*schema.fields[n].type, *table.column(static_cast<int>(n)));
    for (std::size_t r = 0; r < rows.size(); ++r) rows[r].push_back(cells[r]);
  }
  return rows;
}

// As Iceberg sorts; NaN after every number.
int order_of(const Cell& a, const Cell& b, const SortField& field) {
  if (!a || !b) {
    if (!a && !b) return 0;
    return !a == field.nulls_first ? -1 : 1;
  }
  const auto nan = [](const Value& value) {
    if (const auto* f = std::get_if<float>(&value)) return *f != *f;
    if (const auto* d = std::get_if<double>(&value)) return *d != *d;
    return false;
  };
  int order = 0;
  if (nan(*a) || nan(*b)) {
    order = static_cast<int>(nan(*a)) - static_cast<int>(nan(*b));
  } else {
    const auto three = compare(*a, *b);
    order = three < 0 ? -1 : static_cast<int>(three > 0);
    // The two zeros are one number to a sort.
    if (const auto* d = std::get_if<double>(&*a); d && *d == std::get<double>(*b)) order = 0;
    if (const auto* f = std::get_if<float>(&*a); f && *f == std::get<float>(*b)) order = 0;
  }
  return field.ascending ? order : -order;
}

bool comes_before(const Schema& schema, const SortOrder& order, const std::vector<Cell>& a,
                  const std::vector<Cell>& b) {
  for (const auto& field : order.fields) {
    const auto column = static_cast<std::size_t>(
        std::ranges::find(schema.fields, field.source_id, &NestedField::id) -
        schema.fields.begin());
    if (const int order = order_of(a[column], b[column], field); order != 0) return order < 0;
  }
  return false;
}

std::vector<Cell> random_row(const Schema& schema, Random& random, std::int64_t one_null_in) {
  std::vector<Cell> row;
  for (const auto& one : schema.fields) {
    row.push_back(below(random, one_null_in) == 0 ? Cell() : Cell(random_value(*one.type, random)));
  }
  return row;
}

Rows random_rows(const Schema& schema, Random& random, int count) {
  Rows rows;
  for (int n = 0; n < count; ++n) rows.push_back(random_row(schema, random, 4));
  return rows;
}

RowSource source_of(const Schema& schema, const Rows& rows, std::int64_t batch) {
  return [=, table = table_of(schema, rows),
          at = std::int64_t{0}]() mutable -> Result<std::shared_ptr<arrow::Table>> {
    if (at >= table->num_rows()) return nullptr;
    auto piece = table->Slice(at, batch);
    at += batch;
    return piece;
  };
}

TEST(SortedMerge, ARandomCutOfSortedRowsComesTogetherAgain) {
  auto schema = every_type();
  schema.fields.push_back(field(90, "number", primitive(TypeKind::int64)));
  for (unsigned seed = 0; seed < 60; ++seed) {
    Random random(seed);
    SortOrder order{SortOrderId{1}, {}};
    for (auto n = below(random, 4); n > 0; --n) {
      const auto& source = schema.fields[static_cast<std::size_t>(below(random, 17))];
      order.fields.push_back(
          {source.id, parse_transform("identity"), below(random, 2) == 0, below(random, 2) == 0});
    }
    const auto runs = static_cast<std::size_t>(1 + below(random, 7));
    std::vector<Rows> cut(runs);
    Rows all;
    for (auto count = below(random, 400); count > 0; --count) {
      auto row = random_row(schema, random, 5);
      row.back() = Value{static_cast<std::int64_t>(all.size())};
      all.push_back(row);
      cut[static_cast<std::size_t>(below(random, static_cast<std::int64_t>(runs)))].push_back(row);
    }
    const auto before = [&](const auto& a, const auto& b) {
      return comes_before(schema, order, a, b);
    };
    std::vector<RowSource> sources;
    ContentHash hash_of_runs;
    Rows expected;
    for (auto& run : cut) {
      std::ranges::stable_sort(run, before);
      expected.insert(expected.end(), run.begin(), run.end());
      ASSERT_TRUE(add_rows(*table_of(schema, run), hash_of_runs));
      sources.push_back(source_of(schema, run, 1 + below(random, 50)));
    }
    std::ranges::stable_sort(expected,
                             before);  // of equal rows those of the earlier run come first
    Rows merged;
    ContentHash hash;
    const auto batch = 1 + below(random, 100);
    const auto done = merge_sorted(schema, order, std::move(sources), batch,
                                   [&](std::shared_ptr<arrow::Table> rows) -> Result<> {
                                     EXPECT_LE(rows->num_rows(), batch);
                                     for (auto& row : rows_of(schema, *rows)) merged.push_back(row);
                                     return add_rows(*rows, hash);
                                   });
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(merged.size(), expected.size());
    for (std::size_t r = 0; r < merged.size(); ++r)
      ASSERT_TRUE(same(merged[r], expected[r])) << "seed " << seed << " row " << r;
    EXPECT_EQ(hash, hash_of_runs) << "seed " << seed;
  }
}

TEST(SortedMerge, AnErrorOfASourceOrTheDrainEndsIt) {
  const auto schema = every_type();
  const auto failing = []() -> Result<std::shared_ptr<arrow::Table>> {
    return make_error(Errc::corrupt, "a broken page");
  };
  const auto done = merge_sorted(schema, {}, {failing}, 10, [](auto) { return Result<>(); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "a broken page");
  const SortOrder by_bucket{SortOrderId{1},
                            {{FieldId{2}, parse_transform("bucket[4]"), true, true}}};
  EXPECT_FALSE(can_merge_by(schema, by_bucket));
  EXPECT_EQ(merge_sorted(schema, by_bucket, {}, 10, [](auto) { return Result<>(); }).error().code,
            Errc::unsupported);
}

TEST(ContentHash, AnySingleChangeShows) {
  const auto schema = every_type();
  Random random(7);
  Rows rows;
  for (int r = 0; r < 40; ++r) {
    std::vector<Cell> row;
    for (const auto& one : schema.fields) row.emplace_back(random_value(*one.type, random));
    rows.push_back(row);
  }
  const auto hash_of = [&](const Rows& of) {
    ContentHash hash;
    EXPECT_TRUE(add_rows(*table_of(schema, of), hash));
    return hash;
  };
  const auto whole = hash_of(rows);
  for (std::size_t n = 0; n < schema.fields.size(); ++n) {
    auto changed = rows;
    changed[11][n].reset();
    EXPECT_NE(hash_of(changed), whole) << n;
    // A value that moves to another row is a change, too.
    changed = rows;
    std::swap(changed[3][n], changed[4][n]);
    EXPECT_EQ(hash_of(changed) == whole, same(rows[3][n], rows[4][n])) << n;
  }
  auto fewer = rows;
  fewer.pop_back();
  EXPECT_NE(hash_of(fewer), whole);
  auto twice = rows;
  twice[1] = twice[0];
  EXPECT_NE(hash_of(twice), whole);
  std::ranges::reverse(rows);
  EXPECT_EQ(hash_of(rows), whole);
}

TEST(ContentHash, DictionaryEncodingAndBatchesMakeNoDifference) {
  const Schema schema{SchemaId{0}, {field(1, "s", primitive(TypeKind::string))}, {}};
  Column cells;
  for (int n = 0; n < 100; ++n)
    cells.push_back(n % 7 == 0 ? Cell() : Cell(Value{std::string(n % 5 * 3, 'x')}));
  const auto plain = to_table(schema, {cells});
  const auto encoded =
      arrow::compute::DictionaryEncode(arrow::Datum(plain->column(0)))->chunked_array();
  const auto dictionary = arrow::Table::Make(arrow::schema({arrow::field("s", encoded->type())}),
                                             {encoded}, plain->num_rows());
  ContentHash one, other, pieces;
  ASSERT_TRUE(add_rows(*plain, one));
  ASSERT_TRUE(add_rows(*dictionary, other));
  for (std::int64_t at = 0; at < 100; at += 9) ASSERT_TRUE(add_rows(*plain->Slice(at, 9), pieces));
  EXPECT_EQ(one, other);
  EXPECT_EQ(one, pieces);
}

TEST(DataFileStream, GivesTheRowsOfAFileInItsOrderAcrossRowGroups) {
  const auto schema = every_type();
  Random random(3);
  const auto rows = random_rows(schema, random, 1000);
  MemoryIo io;
  ParquetOptions options;
  options.row_group_rows = 130;
  const auto file = write_data_file(io, {"mem:/f"}, schema, *table_of(schema, rows), options);
  ASSERT_TRUE(file) << file.error().message;
  auto metadata =
      std::make_shared<TableMetadata>(new_table_metadata("mem:/", schema, {}, {}, {}, 0));
  for (const std::int64_t batch : {1, 7, 130, 5000}) {
    const auto source = stream_data_file(metadata, io, {*file, {}, {}}, batch);
    Rows read;
    while (true) {
      const auto piece = source();
      ASSERT_TRUE(piece) << piece.error().message;
      if (*piece == nullptr) break;
      EXPECT_LE((*piece)->num_rows(), batch);
      for (auto& row : rows_of(schema, **piece)) read.push_back(row);
    }
    ASSERT_EQ(read.size(), rows.size());
    for (std::size_t r = 0; r < rows.size(); ++r) ASSERT_TRUE(same(read[r], rows[r])) << r;
  }
  auto damaged = *file;
  damaged.path = "mem:/g";
  io.files["mem:/g"] = io.files["mem:/f"].substr(0, 500);
  const auto broken = stream_data_file(metadata, io, {damaged, {}, {}}, 10)();
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("mem:/g"), std::string::npos);
}

TEST(DataFileWriter, PiecesGiveTheMetricsOfTheWhole) {
  auto schema = every_type();
  Random random(11);
  auto rows = random_rows(schema, random, 300);
  // Longer than a footer holds: bounds come from the values, in one piece only.
  rows[120][9] = Value{std::string(5000, 'z')};
  const auto table = table_of(schema, rows);
  MemoryIo io;
  const auto whole = *write_data_file(io, {"mem:/whole"}, schema, *table, {});
  DataFileWriter writer({"mem:/pieces"}, schema, {.row_group_rows = 100});
  for (std::int64_t at = 0; at < 300; at += 70) ASSERT_TRUE(writer.add(*table->Slice(at, 70)));
  const auto pieces = writer.finish(io);
  ASSERT_TRUE(pieces) << pieces.error().message;
  EXPECT_EQ(pieces->record_count, 300);
  EXPECT_EQ(pieces->split_offsets.size(), 3U);
  EXPECT_EQ(pieces->value_counts, whole.value_counts);
  EXPECT_EQ(pieces->null_value_counts, whole.null_value_counts);
  EXPECT_EQ(pieces->nan_value_counts, whole.nan_value_counts);
  EXPECT_EQ(pieces->lower_bounds, whole.lower_bounds);
  EXPECT_EQ(pieces->upper_bounds, whole.upper_bounds);
}

}  // namespace
}  // namespace tradelake::iceberg
