// The data files that maintenance decides on, among files of other kinds.
#include "ops/live_files.h"

#include <gtest/gtest.h>

#include "iceberg/delete_writer.h"
#include "iceberg/parquet_memory_io.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

class LiveFilesTest : public testing::Test {
 protected:
  LiveFilesTest() {
    metadata_.specs.push_back(
        {SpecId{1}, {{FieldId{2}, FieldId{1000}, "at_hour", parse_transform("void")}}});
    commit({written(io_, {"mem:/a", SpecId{0}, {Value{std::int32_t{1}}}}, schema_, rows_),
            written(io_, {"mem:/b", SpecId{0}, {Value{std::int32_t{2}}}}, schema_, rows_)});
  }

  void commit(const std::vector<DataFile>& files) {
    metadata_ = row_delta(std::move(metadata_), io_, files);
  }

  const Schema schema_{SchemaId{0},
                       {field(1, "id", primitive(TypeKind::int64), true),
                        field(2, "at", primitive(TypeKind::timestamp), true)},
                       {}};
  const std::vector<Column> rows_{{Value{std::int64_t{7}}}, {Value{std::int64_t{3'600'000'000}}}};
  MemoryIo io_;
  TableMetadata metadata_ = new_table_metadata(
      "mem:/t", schema_,
      {SpecId{0}, {{FieldId{2}, FieldId{1000}, "at_hour", parse_transform("hour")}}}, {}, {}, 1);
};

TEST_F(LiveFilesTest, AreDataFilesByPartition) {
  commit(
      {position_deletes(io_, {"mem:/p", SpecId{0}, {Value{std::int32_t{3}}}}, {{"mem:/b", 0}}),
       equality_deletes(io_, {"mem:/e", SpecId{1}, {std::nullopt}}, schema_, rows_, {FieldId{1}})});
  std::vector<std::string> paths;
  const auto partitions = *live_files(metadata_, io_);
  for (const auto& partition : partitions) {
    ASSERT_EQ(partition.files.size(), 1U);
    paths.push_back(partition.files[0].file.path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"mem:/a", "mem:/b"}));
}

}  // namespace
}  // namespace tradelake::ops
