// The index of a head's files, and caches by it, when somebody deletes rows from the table.
#include "api/file_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iceberg/action.h"
#include "iceberg/delete_writer.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/scan.h"

namespace tradelake::api {
namespace {

using namespace iceberg;

struct Lake {
  MemoryIo io;
  Table table{{"silver", "candles"}, "first", nullptr};

  Lake() {
    TableMetadata metadata;
    metadata.location = "mem:/t";
    metadata.schemas = {{SchemaId{0},
                         {field(1, "category", primitive(TypeKind::string)),
                          field(2, "symbol", primitive(TypeKind::string)),
                          field(3, "open_time", primitive(TypeKind::timestamp))},
                         {}}};
    metadata.specs = {PartitionSpec{}};
    metadata.sort_orders = {{}};
    std::vector<DataFile> files;
    for (const std::int64_t first : {10, 20}) {
      const Column spot(3, Cell(std::string("spot"))), symbol(3, Cell(std::string("BTCUSDT")));
      files.push_back(written(io, {.uri = fmt::format("mem:/data-{}", first)}, metadata.schema(),
                              {spot, symbol, {first, first + 1, first + 2}}));
    }
    move_to(*append_files(files)->apply(metadata, io, 1), "second");
  }

  void move_to(TableMetadata metadata, const std::string& location) {
    table.metadata = std::make_shared<const TableMetadata>(std::move(metadata));
    table.metadata_location = location;
  }
};

TEST(FileIndex, EachHeadHasItsOwnDeletes) {
  Lake lake;
  FileIndex index(lake.io, "open_time");
  const auto before = index.files(lake.table);
  ASSERT_TRUE(before) << before.error().message;
  ASSERT_EQ((*before)->size(), 2U);
  EXPECT_EQ((**before)[0]->file.file.path, "mem:/data-20");

  const auto deletes = position_deletes(lake.io, {.uri = "mem:/deletes"}, {{"mem:/data-20", 1}});
  lake.move_to(row_delta(*lake.table.metadata, lake.io, {deletes}), "third");
  const auto after = index.files(lake.table);
  ASSERT_TRUE(after) << after.error().message;
  const auto& touched = *(**after)[0];
  ASSERT_EQ(touched.file.deletes.size(), 1U);
  EXPECT_EQ(touched.last_us, 22);
  EXPECT_TRUE((**before)[0]->file.deletes.empty());
  EXPECT_NE(rows_name(touched.file), rows_name((**before)[0]->file));
  // The other file is the same entry as before, and so are rows kept of it.
  EXPECT_EQ((**after)[1], (**before)[1]);

  const auto rows = read_data_file(*lake.table.metadata, lake.io, touched.file, {"open_time"}, {});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)->num_rows(), 2);
}

}  // namespace
}  // namespace tradelake::api
