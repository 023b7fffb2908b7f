// Writes delete files as other engines do, and commits them: our own writer only appends.
//
// Threads: functions without state.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/parquet_values.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/position_deletes.h"
#include "iceberg/random_id.h"
#include "iceberg/table_metadata.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {

using Positions = std::vector<std::pair<std::string, std::int64_t>>;

inline Schema position_schema() {
  return {SchemaId{0},
          {field(delete_path_id.value, "file_path", primitive(TypeKind::string), true),
           field(delete_position_id.value, "pos", primitive(TypeKind::int64), true)},
          {}};
}

inline DataFile written(FileIo& io, const DataFileTarget& target, const Schema& schema,
                        const std::vector<Column>& columns, const ParquetOptions& options = {}) {
  auto file = write_data_file(io, target, schema, *to_table(schema, columns), options);
  EXPECT_TRUE(file) << file.error().message;
  return file.value_or(DataFile{});
}

inline DataFile position_deletes(FileIo& io, const DataFileTarget& target,
                                 const Positions& positions, const ParquetOptions& options = {}) {
  std::vector<Column> columns(2);
  for (const auto& [path, position] : positions) {
    columns[0].push_back(path);
    columns[1].push_back(position);
  }
  auto file = written(io, target, position_schema(), columns, options);
  file.content = FileContent::position_deletes;
  return file;
}

// All columns of the schema are compared, unless `ids` names some.
inline DataFile equality_deletes(FileIo& io, const DataFileTarget& target, const Schema& schema,
                                 const std::vector<Column>& columns,
                                 std::vector<FieldId> ids = {}) {
  auto file = written(io, target, schema, columns);
  file.content = FileContent::equality_deletes;
  for (const auto& field : schema.fields) {
    if (ids.empty()) file.equality_ids.push_back(field.id);
  }
  if (!ids.empty()) file.equality_ids = std::move(ids);
  return file;
}

// The table after a commit («row delta») of these data and delete files.
inline TableMetadata row_delta(TableMetadata metadata, FileIo& io,
                               const std::vector<DataFile>& files) {
  Snapshot snapshot;
  snapshot.id = random_snapshot_id();
  snapshot.parent_id = metadata.current_snapshot_id;
  snapshot.sequence_number = SequenceNumber{metadata.last_sequence_number.value + 1};
  snapshot.operation = "overwrite";
  snapshot.schema_id = metadata.current_schema_id;
  snapshot.manifest_list = fmt::format("{}/{}.avro", metadata_folder(metadata), random_uuid());
  std::vector<ManifestFile> manifests;
  if (const auto* parent = metadata.current_snapshot()) {
    manifests = *read_manifest_list(io, *parent);
    snapshot.summary = parent->summary;
  }
  for (const auto& file : files) {
    ManifestEntry entry;
    entry.snapshot_id = snapshot.id;
    entry.file = file;
    ManifestFile manifest;
    manifest.path = fmt::format("{}/{}.avro", metadata_folder(metadata), random_uuid());
    manifest.spec_id = file.spec_id;
    manifest.content =
        file.content == FileContent::data ? ManifestContent::data : ManifestContent::deletes;
    manifest.sequence_number = manifest.min_sequence_number = snapshot.sequence_number;
    manifest.added_snapshot_id = snapshot.id;
    manifest.added_files_count = 1;
    manifest.added_rows_count = file.record_count;
    const auto bytes =
        encode_manifest(metadata, *metadata.find_spec(file.spec_id), manifest.content, {entry});
    EXPECT_TRUE(bytes) << bytes.error().message;
    manifest.length_bytes = static_cast<std::int64_t>(bytes->size());
    EXPECT_TRUE(io.write_new(manifest.path, *bytes));
    manifests.insert(manifests.begin(), manifest);
  }
  EXPECT_TRUE(io.write_new(snapshot.manifest_list, encode_manifest_list(snapshot, manifests)));
  metadata.last_sequence_number = snapshot.sequence_number;
  metadata.current_snapshot_id = snapshot.id;
  metadata.refs["main"].snapshot_id = snapshot.id;
  metadata.snapshots.push_back(std::move(snapshot));
  return metadata;
}

}  // namespace tradelake::iceberg
