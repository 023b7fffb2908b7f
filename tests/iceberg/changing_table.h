// A small table that others change, and what a program that was made for its first form declares.
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "iceberg/action.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"
#include "iceberg/scan.h"
#include "iceberg/write_rows.h"

namespace tradelake::iceberg {

inline constexpr std::int64_t hour_us = 3'600'000'000;

inline Schema declared_schema() {
  return {.id = SchemaId{0},
          .fields = {field(1, "market", primitive(TypeKind::string), true),
                     field(2, "at", primitive(TypeKind::timestamp), true),
                     field(3, "count", primitive(TypeKind::int32)),
                     field(4, "price", decimal_type(9, 2))},
          .identifier_field_ids = {}};
}

inline PartitionSpec by_hour() {
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

inline Value text(const char* value) {
  return std::string(value);
}
inline Value number(int value) {
  return std::int32_t{value};
}
inline Value time_at(double hours) {
  return static_cast<std::int64_t>(hours * static_cast<double>(hour_us));
}

}  // namespace tradelake::iceberg
