// A warehouse and a catalog in a temporary folder, and small tables in it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/random_id.h"
#include "iceberg/table.h"
#include "iceberg/transaction.h"

namespace tradelake::iceberg {

inline Schema small_schema() {
  return {.id = SchemaId{0},
          .fields = {{FieldId{1}, "id", primitive(TypeKind::int64), true, "its number"},
                     {FieldId{2}, "text", primitive(TypeKind::string), false, ""},
                     {FieldId{3}, "amount", decimal_type(38, 18), false, ""},
                     {FieldId{4}, "extra",
                      map_type({FieldId{5}, "", primitive(TypeKind::string), true, ""},
                               {FieldId{6}, "", primitive(TypeKind::string), false, ""}),
                      false, ""}},
          .identifier_field_ids = {}};
}

inline PartitionSpec small_spec() {
  return {SpecId{0}, {{FieldId{2}, FieldId{1000}, "text", parse_transform("identity")}}};
}

inline DataFile small_file(std::string path, std::int64_t rows = 10, std::string text = "a") {
  DataFile file;
  file.path = std::move(path);
  file.partition = {Value{std::move(text)}};
  file.record_count = rows;
  file.size_bytes = rows * 100;
  file.value_counts = {{FieldId{1}, rows}};
  file.lower_bounds = {{FieldId{1}, std::string(8, '\0')}};
  return file;
}

class LakeTest : public testing::Test {
 protected:
  LakeTest() : folder_(std::filesystem::temp_directory_path() / ("tradelake-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
    catalog_ = *open_sqlite_catalog(database(), "tradelake");
    io_ = *make_local_file_io();
  }
  ~LakeTest() override { std::filesystem::remove_all(folder_); }

  std::string database() const { return folder_ / "catalog.db"; }
  std::string warehouse() const { return "file://" + (folder_ / "warehouse").native(); }

  Table make_table(const std::string& name, std::map<std::string, std::string> properties = {}) {
    return *ensure_table(*catalog_, *io_, warehouse(),
                         {.ident = {"bronze", name},
                          .schema = small_schema(),
                          .spec = small_spec(),
                          .sort_order = {},
                          .properties = std::move(properties)});
  }

  Result<> append(Table& table, std::vector<DataFile> files) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(table, append_files(std::move(files), {}));
    return transaction.commit();
  }

  std::vector<ManifestFile> manifests(const Table& table) {
    return *read_manifest_list(*io_, *table.metadata->current_snapshot());
  }

  // path -> entry, of the current snapshot, DELETED ones included.
  std::map<std::string, ManifestEntry> entries(const Table& table) {
    std::map<std::string, ManifestEntry> all;
    if (table.metadata->current_snapshot() == nullptr) return all;
    for (const auto& manifest : manifests(table)) {
      const auto read = *read_manifest(*table.metadata, *io_, manifest);
      for (const auto& entry : read) all.emplace(entry.file.path, entry);
    }
    return all;
  }

  std::vector<std::string> live_paths(const Table& table) {
    std::vector<std::string> paths;
    for (const auto& [path, entry] : entries(table)) {
      if (entry.status != EntryStatus::deleted) paths.push_back(path);
    }
    return paths;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<FileIo> io_;
};

}  // namespace tradelake::iceberg
