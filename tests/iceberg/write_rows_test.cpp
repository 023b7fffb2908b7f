// A program that keeps writing what it declares, into a table that others change.
#include <gmock/gmock.h>

#include <arrow/array/builder_dict.h>

#include "iceberg/declared_schema.h"
#include "iceberg/declared_table.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"
#include "iceberg/partition_rows.h"
#include "iceberg/ref_update.h"
#include "iceberg/scan.h"
#include "iceberg/schema_tree.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"
#include "iceberg/transaction.h"
#include "iceberg/write_rows.h"

namespace tradelake::iceberg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t hour_us = 3'600'000'000;

Schema declared_schema() {
  return {.id = SchemaId{0},
          .fields = {field(1, "market", primitive(TypeKind::string), true),
                     field(2, "at", primitive(TypeKind::timestamp), true),
                     field(3, "count", primitive(TypeKind::int32)),
                     field(4, "price", decimal_type(9, 2))},
          .identifier_field_ids = {}};
}

PartitionSpec by_hour() {
  return {SpecId{0}, {{FieldId{2}, FieldId{1000}, "at_hour", parse_transform("hour")}}};
}

// A table in memory that actions are applied to, as a transaction would.
struct Changing {
  MemoryIo io;
  TableMetadata metadata =
      new_table_metadata("mem:/t", declared_schema(), by_hour(), {}, {}, 1'700'000'000'000);

  void apply(std::unique_ptr<Action> action) {
    auto next = action->apply(metadata, io, 1);
    ASSERT_TRUE(next) << next.error().message;
    metadata = *std::move(next);
  }
  std::vector<DataFile> write(const std::vector<Column>& columns,
                              const ParquetOptions& options = {}) {
    auto files =
        write_rows(io, metadata, declared_schema(), to_table(declared_schema(), columns), options);
    EXPECT_TRUE(files) << files.error().message;
    if (!files) return {};
    apply(append_files(*files));
    return *files;
  }
  Column read(const DataFile& file, const std::string& column) {
    const auto rows = read_data_file(metadata, io, file, {column}, {});
    EXPECT_TRUE(rows) << rows.error().message;
    if (!rows) return {};
    return to_cells(*metadata.schema().find(std::string_view(column))->type, *(*rows)->column(0));
  }
};

Value text(const char* value) {
  return std::string(value);
}
Value number(int value) {
  return std::int32_t{value};
}
Value time_at(double hours) {
  return static_cast<std::int64_t>(hours * static_cast<double>(hour_us));
}

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

// What a newer version of the program finds on its start.
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

// ---- random changes, against a model ----

struct ModelFile {
  DataFile file;
  std::map<FieldId, Column> columns;  // by id, as they were written
};

class RandomEvolution {
 public:
  explicit RandomEvolution(std::uint64_t seed) : random_(seed) {
    for (const auto& one : declared_schema().fields) model_.push_back(one);
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      change();
      check_schema();
      write(declared_schema());
      // Somebody who knows the table as it is.
      if (below(random_, 3) == 0) write(table_.metadata.schema());
      check_rows();
    }
  }

 private:
  std::string some_name() { return fmt::format("n{}", below(random_, 12)); }
  NestedField& some_column() {
    return model_[static_cast<std::size_t>(
        below(random_, static_cast<std::int64_t>(model_.size())))];
  }
  bool taken(const std::string& name) const {
    return std::ranges::find(model_, name, &NestedField::name) != model_.end();
  }
  bool in_spec(FieldId id) const {
    return std::ranges::any_of(table_.metadata.spec().fields,
                               [&](const auto& part) { return part.source_id == id; });
  }
  void expect(std::unique_ptr<Action> action, bool allowed) {
    auto next = action->apply(table_.metadata, table_.io, 1);
    ASSERT_EQ(next.has_value(), allowed) << (next ? "was allowed" : next.error().message);
    if (next) table_.metadata = *std::move(next);
  }

  void change() {
    static const TypePtr types[] = {primitive(TypeKind::int32),     primitive(TypeKind::int64),
                                    primitive(TypeKind::float32),   decimal_type(9, 2),
                                    primitive(TypeKind::timestamp), primitive(TypeKind::string)};
    auto& column = some_column();
    switch (below(random_, 9)) {
      case 0: {
        const auto name = some_name();
        const auto type = types[below(random_, std::size(types))];
        const bool allowed = !taken(name);
        const auto id = FieldId{table_.metadata.last_column_id.value + 1};
        expect(add_column(name, type), allowed);
        if (allowed) model_.push_back({id, name, type, false, ""});
        return;
      }
      case 1: {
        const auto name = some_name();
        const bool same = column.name == name;
        const bool allowed = same || !taken(name);
        expect(rename_column(column.name, name), allowed);
        if (allowed) column.name = name;
        return;
      }
      case 2: {
        const bool allowed = model_.size() > 1 && !in_spec(column.id);
        expect(drop_column(column.name), allowed);
        if (allowed) std::erase_if(model_, [&](auto& one) { return &one == &column; });
        return;
      }
      case 3: {
        const auto moved = column;
        std::erase_if(model_, [&](const auto& one) { return one.id == moved.id; });
        if (model_.empty()) {
          model_.push_back(moved);
          return;
        }
        const auto at = below(random_, static_cast<std::int64_t>(model_.size()));
        expect(move_column(moved.name,
                           {ColumnPlace::Kind::before, model_[static_cast<std::size_t>(at)].name}),
               true);
        model_.insert(model_.begin() + at, moved);
        return;
      }
      case 4: {
        const auto kind = column.type->kind;
        const auto to =
            kind == TypeKind::float32 ? primitive(TypeKind::float64)
            : kind == TypeKind::decimal
                ? decimal_type(column.type->precision + static_cast<int>(below(random_, 5)) - 1, 2)
                : primitive(TypeKind::int64);
        const bool allowed = *column.type == *to || kind == TypeKind::int32 ||
                             kind == TypeKind::float32 ||
                             (kind == TypeKind::decimal && to->precision > column.type->precision);
        expect(widen_column(column.name, to), allowed);
        if (allowed) column.type = to;
        return;
      }
      case 5:
        expect(make_column_optional(column.name), true);
        column.required = false;
        return;
      case 6:
        expect(set_column_doc(column.name, column.name + "!"), true);
        column.doc = column.name + "!";
        return;
      default: {
        static const char* const transforms[] = {"hour", "day", "month", "bucket[3]", "identity"};
        std::vector<PartitionTerm> terms;
        bool allowed = true;
        if (below(random_, 4) != 0) {
          const auto transform = parse_transform(transforms[below(random_, std::size(transforms))]);
          const auto kind = column.type->kind;
          const bool real = kind == TypeKind::float32 || kind == TypeKind::float64;
          const bool of_time = transform.kind != Transform::Kind::identity &&
                               transform.kind != Transform::Kind::bucket;
          allowed = of_time ? kind == TypeKind::timestamp
                            : transform.kind == Transform::Kind::identity || !real;
          terms.push_back({column.name, transform, fmt::format("p{}", below(random_, 5))});
          // Fields of the past bring their names back.
          if (transform.kind == Transform::Kind::identity) terms.back().name = column.name;
        }
        auto next = set_partitioning(terms)->apply(table_.metadata, table_.io, 1);
        ASSERT_EQ(next.has_value(), allowed) << (next ? "was allowed" : next.error().message);
        if (next) table_.metadata = *std::move(next);
        return;
      }
    }
  }

  void check_schema() {
    EXPECT_EQ(table_.metadata.schema().fields, model_);
    std::set<FieldId> partition_ids;
    std::map<FieldId, std::pair<FieldId, std::string>> meaning;
    for (const auto& spec : table_.metadata.specs) {
      for (const auto& part : spec.fields) {
        EXPECT_LE(part.field_id, table_.metadata.last_partition_id);
        const std::pair means(part.source_id, to_string(part.transform));
        EXPECT_EQ(meaning.try_emplace(part.field_id, means).first->second, means);
      }
    }
    for (std::size_t n = 0; n < table_.metadata.schemas.size(); ++n) {
      for (std::size_t m = 0; m < n; ++m) {
        EXPECT_NE(table_.metadata.schemas[n].id, table_.metadata.schemas[m].id);
        EXPECT_NE(table_.metadata.schemas[n].fields, table_.metadata.schemas[m].fields);
      }
    }
  }

  // The declared columns in their types of old, or those of now.
  void write(Schema known) {
    const auto count = 1 + below(random_, 6);
    std::vector<Column> columns;
    for (const auto& one : known.fields) columns.push_back(random_column(one, count, random_));
    auto files = write_rows(table_.io, table_.metadata, known, to_table(known, columns));
    ASSERT_TRUE(files) << files.error().message;
    table_.apply(append_files(*files));
    for (const auto& file : *files) {
      // Which of the rows went there is told by the model's own look at the partition.
      ModelFile model{file, {}};
      for (std::int64_t row = 0; row < count; ++row) {
        if (!belongs(known, columns, static_cast<std::size_t>(row), file)) continue;
        for (std::size_t n = 0; n < known.fields.size(); ++n)
          model.columns[known.fields[n].id].push_back(columns[n][static_cast<std::size_t>(row)]);
      }
      files_.push_back(std::move(model));
    }
    if (files_.size() > 40) files_.erase(files_.begin(), files_.begin() + 20);
  }

  bool belongs(const Schema& known, const std::vector<Column>& columns, std::size_t row,
               const DataFile& file) const {
    const auto& parts = table_.metadata.spec().fields;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      Cell expected;
      const auto* column = table_.metadata.schema().find(parts[p].source_id);
      for (std::size_t n = 0; n < known.fields.size(); ++n) {
        if (known.fields[n].id != parts[p].source_id || !columns[n][row]) continue;
        expected = apply(parts[p].transform, *column->type, as(*column->type, *columns[n][row]));
      }
      if (!same(expected, file.partition[p])) return false;
    }
    return true;
  }

  static Value as(const Type& type, const Value& value) {
    const auto* narrow = std::get_if<std::int32_t>(&value);
    if (narrow != nullptr && type.kind == TypeKind::int64) return std::int64_t{*narrow};
    const auto* real = std::get_if<float>(&value);
    if (real != nullptr && type.kind == TypeKind::float64) return double{*real};
    return value;
  }

  void check_rows() {
    const auto planned = plan_files(table_.metadata, table_.io, {});
    ASSERT_TRUE(planned) << planned.error().message;
    for (const auto& file : files_) {
      const auto entry = std::ranges::find(*planned, file.file.path,
                                           [](const ManifestEntry& e) { return e.file.path; });
      ASSERT_NE(entry, planned->end());
      for (const auto& column : model_) {
        const auto written = file.columns.find(column.id);
        Column expected(static_cast<std::size_t>(file.file.record_count));
        if (written != file.columns.end()) {
          ASSERT_EQ(written->second.size(), expected.size());
          for (std::size_t n = 0; n < expected.size(); ++n) {
            if (written->second[n]) expected[n] = as(*column.type, *written->second[n]);
          }
        } else if (column.required) {
          continue;
        }
        EXPECT_TRUE(same(table_.read(entry->file, column.name), expected)) << column.name;
      }
    }
  }

  Random random_;
  Changing table_;
  std::vector<NestedField> model_;
  std::vector<ModelFile> files_;
};

TEST(Evolution, NeverLosesAValueWhateverIsChanged) {
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomEvolution(seed).run(25);
  }
}

}  // namespace
}  // namespace tradelake::iceberg
