// What deletes mean in corner cases, what is wrong with delete files, and what our commits do to
// tables that have some.
#include <arrow/array/builder_nested.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>

#include "delete_writer.h"
#include "iceberg/action.h"
#include "iceberg/row_keys.h"
#include "iceberg/scan.h"
#include "parquet_memory_io.h"

namespace tradelake::iceberg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TypePtr int64 = primitive(TypeKind::int64);
const TypePtr text = primitive(TypeKind::string);

// An unpartitioned table of one file with ids 0 to 9 in row groups of four, and names.
struct Lake {
  MemoryIo io;
  TableMetadata metadata;
  DataFile file;
  int deletes = 0;

  Lake() {
    metadata.location = "mem:/t";
    metadata.schemas = {{SchemaId{0}, {field(1, "id", int64), field(2, "name", text)}, {}}};
    metadata.specs = {PartitionSpec{}};
    metadata.sort_orders = {{}};
    Column ids, names;
    for (std::int64_t i = 0; i < 10; ++i) {
      ids.push_back(i);
      names.push_back(i % 3 == 0 ? Cell{} : Cell{fmt::format("n{}", i % 3)});
    }
    file =
        written(io, {.uri = "mem:/data"}, metadata.schema(), {ids, names}, {.row_group_rows = 4});
    append(file);
  }

  void append(const DataFile& data) {
    auto next = append_files({data})->apply(metadata, io, 1);
    ASSERT_TRUE(next) << next.error().message;
    metadata = *std::move(next);
  }

  DataFileTarget target() { return {.uri = fmt::format("mem:/deletes-{}", ++deletes)}; }
  void erase(const DataFile& of) { metadata = row_delta(metadata, io, {of}); }
  void erase_positions(const Positions& positions) {
    erase(position_deletes(io, target(), positions));
  }
  void erase_equal(const Schema& schema, const std::vector<Column>& columns) {
    erase(equality_deletes(io, target(), schema, columns));
  }

  Result<std::vector<std::int64_t>> read(const Filter& filter = {}) {
    std::vector<std::int64_t> ids;
    TL_ASSIGN(const auto planned, plan_files(metadata, io, filter));
    for (const auto& one : planned) {
      TL_ASSIGN(const auto rows, read_data_file(metadata, io, one, {"id"}, filter));
      for (const auto& id : to_cells(*int64, *rows->column(0)))
        ids.push_back(std::get<std::int64_t>(*id));
    }
    return ids;
  }
  std::vector<std::int64_t> ids(const Filter& filter = {}) {
    const auto found = read(filter);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<std::int64_t>{});
  }
  std::string error() {
    const auto found = read();
    return found ? "none"
                 : fmt::format("{}: {}", to_string(found.error().code), found.error().message);
  }
};

TEST(Deletes, PositionsCountFromTheStartOfTheFileWhateverIsRead) {
  Lake lake;
  lake.erase_positions({{"mem:/data", 0}, {"mem:/data", 5}, {"mem:/data", 9}, {"mem:/other", 6}});
  EXPECT_THAT(lake.ids(), ElementsAre(1, 2, 3, 4, 6, 7, 8));
  // Of the last row group, of the middle one, and of one of which a filter leaves one row.
  EXPECT_THAT(lake.ids({{"id", Comparison::greater, {std::int64_t{7}}}}), ElementsAre(8));
  EXPECT_THAT(lake.ids({{"id", Comparison::in, {std::int64_t{5}, std::int64_t{7}}}}),
              ElementsAre(7));
  EXPECT_THAT(lake.ids({{"id", Comparison::equal, {std::int64_t{9}}}}), ElementsAre());
}

TEST(Deletes, PathsAreTakenAsTheyAreSpelt) {
  Lake lake;
  lake.erase_positions({{"mem:/Data", 0}, {"mem://data", 1}, {"mem:/data ", 2}, {"mem:/data", 3}});
  EXPECT_THAT(lake.ids(), ElementsAre(0, 1, 2, 4, 5, 6, 7, 8, 9));
}

TEST(Deletes, NullEqualsNullAndALaterRowIsNotMeant) {
  Lake lake;
  lake.erase_equal({SchemaId{0}, {field(2, "name", text)}, {}}, {{Cell{}, std::string("n2")}});
  EXPECT_THAT(lake.ids(), ElementsAre(1, 4, 7));
  auto again = lake.file;
  again.path = "mem:/again";
  lake.io.files["mem:/again"] = lake.io.files["mem:/data"];
  lake.append(again);
  EXPECT_EQ(lake.ids().size(), 3U + 10U);
}

TEST(Deletes, AnOlderSnapshotIsAsItWas) {
  Lake lake;
  const auto before = *lake.metadata.current_snapshot_id;
  lake.erase_positions({{"mem:/data", 0}});
  const auto planned = *plan_files(lake.metadata, lake.io, {}, before);
  EXPECT_TRUE(planned.at(0).deletes.empty());
  EXPECT_THAT(lake.ids(), testing::SizeIs(9));
}

TEST(Deletes, ColumnsInStructsAreCompared) {
  Lake lake;
  const auto place = struct_type({field(4, "x", int64), field(5, "y", int64)});
  lake.metadata.schemas[0].fields = {field(1, "id", int64), field(3, "place", place)};
  lake.metadata.current_snapshot_id.reset();
  lake.metadata.refs.clear();
  arrow::Int64Builder x, y;
  ASSERT_TRUE(x.AppendValues({1, 2, 3}).ok() && y.AppendValues({7, 7, 7}).ok());
  const auto rows = arrow::Table::Make(
      to_arrow_schema(lake.metadata.schema()),
      {to_array(*int64, {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}}),
       *arrow::StructArray::Make({*x.Finish(), *y.Finish()}, to_arrow_type(*place)->fields())});
  lake.append(*write_data_file(lake.io, {.uri = "mem:/s"}, lake.metadata.schema(), *rows, {}));
  const Schema deleted{
      SchemaId{0}, {field(3, "place", struct_type({field(4, "was x", int64)}))}, {}};
  arrow::Int64Builder two;
  ASSERT_TRUE(two.AppendValues({2, 3}).ok());
  const auto keys =
      arrow::Table::Make(to_arrow_schema(deleted),
                         {*arrow::StructArray::Make(
                             {*two.Finish()}, to_arrow_type(*deleted.fields[0].type)->fields())});
  auto file = *write_data_file(lake.io, lake.target(), deleted, *keys, {});
  file.content = FileContent::equality_deletes;
  file.equality_ids = {FieldId{4}};
  lake.erase(file);
  EXPECT_THAT(lake.ids(), ElementsAre(0));
  file.equality_ids = {FieldId{3}};
  lake.erase(file);
  EXPECT_THAT(lake.error(), HasSubstr("its equality_ids name field 3, which no schema"));
}

// The table's file with this in the place of a sound delete file.
std::string error_with(const std::function<void(Lake&, DataFile&)>& spoil) {
  Lake lake;
  auto file = position_deletes(lake.io, lake.target(), {{"mem:/data", 1}});
  spoil(lake, file);
  lake.erase(file);
  return lake.error();
}

TEST(Deletes, WhatIsWrongWithAFileIsSaidAndWhichItIs) {
  const auto rewritten = [](const Schema& schema, const std::vector<Column>& columns,
                            std::vector<FieldId> equality_ids = {}) {
    return error_with([&](Lake& lake, DataFile& file) {
      lake.io.files.erase(file.path);
      file = written(lake.io, {.uri = file.path}, schema, columns);
      file.content =
          equality_ids.empty() ? FileContent::position_deletes : FileContent::equality_deletes;
      file.equality_ids = equality_ids;
      file.lower_bounds.clear();
      file.upper_bounds.clear();
    });
  };
  const auto named = HasSubstr("reading delete file mem:/deletes-1: ");
  const auto path = field(delete_path_id.value, "file_path", text, true);
  const auto position = field(delete_position_id.value, "pos", int64, true);
  const std::string data = "mem:/data";

  EXPECT_THAT(
      rewritten({SchemaId{0}, {path}, {}}, {{data}}),
      AllOf(testing::StartsWith("corrupt"), named, HasSubstr("no column pos (id 2147483545)")));
  EXPECT_THAT(rewritten({SchemaId{0}, {position}, {}}, {{std::int64_t{1}}}),
              AllOf(named, HasSubstr("no column file_path (id 2147483546)")));
  EXPECT_THAT(rewritten({SchemaId{0}, {path, field(delete_position_id.value, "pos", text)}, {}},
                        {{data}, {std::string("1")}}),
              AllOf(named, HasSubstr("'pos' is string in the file")));
  EXPECT_THAT(
      rewritten({SchemaId{0}, {field(delete_path_id.value, "file_path", int64), position}, {}},
                {{std::int64_t{1}}, {std::int64_t{1}}}),
      AllOf(named, HasSubstr("'file_path' is int64 in the file")));
  EXPECT_THAT(rewritten({SchemaId{0}, {path, field(delete_position_id.value, "pos", int64)}, {}},
                        {{data}, {Cell{}}}),
              AllOf(named, HasSubstr("has no file_path or no pos")));
  for (const std::int64_t out : {std::int64_t{-1}, std::int64_t{10}, INT64_MAX, INT64_MIN}) {
    EXPECT_THAT(rewritten({SchemaId{0}, {path, position}, {}}, {{data}, {out}}),
                AllOf(testing::StartsWith("corrupt"), named,
                      HasSubstr(fmt::format("pos is {}, but mem:/data has 10 rows", out))));
  }
  // Rows of other files are not ours to check.
  EXPECT_EQ(
      rewritten({SchemaId{0}, {path, position}, {}}, {{std::string("mem:/x")}, {std::int64_t{99}}}),
      "none");

  const Schema names{SchemaId{0}, {field(2, "name", text)}, {}};
  EXPECT_THAT(rewritten(names, {{std::string("n1")}}, {FieldId{1}}),
              AllOf(testing::StartsWith("corrupt"), named, HasSubstr("'id' (id 1) is required")));
  EXPECT_THAT(rewritten(names, {{std::string("n1")}}, {FieldId{77}}),
              AllOf(named, HasSubstr("name field 77, which no schema")));
  EXPECT_THAT(
      rewritten({SchemaId{0}, {field(1, "id", text)}, {}}, {{std::string("n1")}}, {FieldId{1}}),
      AllOf(named, HasSubstr("'id' is string in the file")));
  EXPECT_THAT(
      error_with([](Lake&, DataFile& file) { file.content = FileContent::equality_deletes; }),
      AllOf(named, HasSubstr("has no equality_ids")));
}

TEST(Deletes, FilesThatAreNoParquetOrDamagedAreErrorsNotCrashes) {
  EXPECT_EQ(error_with([](Lake&, DataFile& file) { file.format = "PUFFIN"; }),
            "unsupported: reading data file mem:/data: delete file mem:/deletes-1 is PUFFIN; only "
            "PARQUET can be read");
  EXPECT_THAT(error_with([](Lake& lake, DataFile& file) { lake.io.files.erase(file.path); }),
              testing::StartsWith("not_found: reading data file mem:/data: reading delete file "));
  EXPECT_THAT(error_with([](Lake& lake, DataFile& file) { lake.io.files[file.path] = "hello"; }),
              testing::StartsWith("corrupt: reading data file mem:/data: reading delete file "));
  Random random(7);
  int detected = 0;
  for (int i = 0; i < 200; ++i) {
    detected += error_with([&](Lake& lake, DataFile& file) {
                  auto& bytes = lake.io.files[file.path];
                  bytes[static_cast<std::size_t>(below(random, std::ssize(bytes)))] ^=
                      static_cast<char>(1 << below(random, 8));
                }) != "none";
  }
  EXPECT_GT(detected, 50);  // most of so small a file is a footer whose bits mean little
}

TEST(Deletes, FilesWithoutFieldIdsAreReadByTheNamesOfTheSpecification) {
  Lake lake;
  const auto rows = arrow::Table::Make(
      arrow::schema(
          {arrow::field("pos", arrow::int64()), arrow::field("file_path", arrow::utf8())}),
      {to_array(*int64, {std::int64_t{3}}), to_array(*text, {std::string("mem:/data")})});
  const auto sink = *arrow::io::BufferOutputStream::Create();
  ASSERT_TRUE(parquet::arrow::WriteTable(*rows, arrow::default_memory_pool(), sink).ok());
  DataFile file;
  file.content = FileContent::position_deletes;
  file.path = lake.target().uri;
  lake.io.files[file.path] = (*sink->Finish())->ToString();
  lake.erase(file);
  EXPECT_THAT(lake.ids(), ElementsAre(0, 1, 2, 4, 5, 6, 7, 8, 9));
}

TEST(Deletes, OurCommitsCarryThemOver) {
  Lake lake;
  lake.erase_positions({{"mem:/data", 1}, {"mem:/data", 2}});
  std::vector snapshots(lake.metadata.snapshots.begin(), lake.metadata.snapshots.end());
  auto& summary = snapshots.back().summary;
  summary["total-delete-files"] = "1";
  summary["total-position-deletes"] = "2";
  summary["total-equality-deletes"] = "0";
  lake.metadata.snapshots = SnapshotList(std::move(snapshots));
  const auto list = [&] { return *read_manifest_list(lake.io, *lake.metadata.current_snapshot()); };
  const auto before = list();
  auto more = lake.file;
  more.path = "mem:/more";
  lake.io.files["mem:/more"] = lake.io.files["mem:/data"];
  lake.metadata.properties["commit.manifest.min-count-to-merge"] = "2";  // data manifests only
  lake.append(more);
  EXPECT_EQ(lake.ids().size(), 18U);
  const auto& now = lake.metadata.current_snapshot()->summary;
  EXPECT_EQ(now.at("total-delete-files"), "1");
  EXPECT_EQ(now.at("total-position-deletes"), "2");
  EXPECT_EQ(now.at("total-equality-deletes"), "0");
  EXPECT_EQ(now.at("total-records"), "20");  // rows in files, as Java counts them
  const auto after = list();
  ASSERT_EQ(after.size(), 2U);
  const auto kept = std::ranges::find(after, ManifestContent::deletes, &ManifestFile::content);
  EXPECT_EQ(kept->path, before[0].path);
  EXPECT_EQ(kept->sequence_number, before[0].sequence_number);
  EXPECT_EQ(kept->added_snapshot_id, before[0].added_snapshot_id);
}

TEST(Deletes, ARewriteKeepsRowsDeletedAndDoesNotMissLaterDeletes) {
  Lake lake;
  lake.erase_positions({{"mem:/data", 1}});
  const auto read_at = lake.metadata.last_sequence_number;
  // What is left, in a new file.
  Column ids, names;
  for (const auto id : lake.ids()) {
    ids.push_back(id);
    names.push_back({});
  }
  const auto rewritten =
      written(lake.io, {.uri = "mem:/rewritten"}, lake.metadata.schema(), {ids, names});
  const auto rewrite = overwrite_files({"mem:/data"}, {rewritten}, {}, read_at);
  const auto start = lake.metadata;
  const auto quiet = rewrite->apply(start, lake.io, 1);
  ASSERT_TRUE(quiet) << quiet.error().message;
  lake.metadata = *quiet;
  EXPECT_THAT(lake.ids(), ElementsAre(0, 2, 3, 4, 5, 6, 7, 8, 9));

  // Later deletes of another file do not matter, those of the one that is rewritten do.
  lake.metadata = start;
  lake.erase_positions({{"mem:/x", 1}});
  EXPECT_TRUE(rewrite->apply(lake.metadata, lake.io, 2));
  lake.erase_equal({SchemaId{0}, {field(1, "id", int64)}, {}}, {{std::int64_t{4}}});
  const auto late = rewrite->apply(lake.metadata, lake.io, 3);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_THAT(late.error().message, HasSubstr("mem:/data was given deletes (mem:/deletes-3)"));
}

RC_GTEST_PROP(RowKeys, AreEqualExactlyIfTheValuesAre, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  for (const NestedField& field : every_type().fields) {
    const auto cells = random_column(field, 30, random);
    const auto array = to_array(*field.type, cells);
    std::vector<std::string> keys(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      append_key(*array, static_cast<std::int64_t>(i), keys[i]);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (std::size_t j = 0; j < cells.size(); ++j)
        RC_ASSERT((keys[i] == keys[j]) == same(cells[i], cells[j]));
    }
  }
}

TEST(RowKeys, OneNanEqualsAnotherAndTheZerosDiffer) {
  const Column cells{std::nan(""), -std::nan("5"), 0.0, -0.0};
  const auto array = to_array(*primitive(TypeKind::float64), cells);
  std::vector<std::string> keys(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    append_key(*array, static_cast<std::int64_t>(i), keys[i]);
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_NE(keys[2], keys[3]);
}

TEST(RowKeys, TextsDoNotRunIntoEachOther) {
  const auto a = to_array(*text, {std::string("ab"), std::string("a"), Cell{}, std::string()});
  const auto b = to_array(*text, {std::string("c"), std::string("bc"), std::string(), Cell{}});
  std::vector<std::string> keys(4);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    append_key(*a, static_cast<std::int64_t>(i), keys[i]);
    append_key(*b, static_cast<std::int64_t>(i), keys[i]);
  }
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_NE(keys[2], keys[3]);
}

}  // namespace
}  // namespace tradelake::iceberg
