// What a table's metadata files say, as JSON: every snapshot's manifests and their entries.
//
// Threads: functions. Values are their Appendix D bytes in hexadecimal.
#pragma once

#include <string>
#include <utility>

#include "hex.h"
#include "iceberg/json_writer.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/table.h"
#include "iceberg/table_metadata_json.h"

namespace tradelake::iceberg {

template <class T, class Write>
void write_column_map(JsonWriter& json, const char* key, const std::map<FieldId, T>& map,
                      Write write) {
  json.key(key).open_object();
  for (const auto& [id, value] : map) {
    json.key(fmt::format("{}", id.value));
    write(value);
  }
  json.close_object();
}

inline void write_entry(JsonWriter& json, const ManifestEntry& entry,
                        const std::vector<TypePtr>& types) {
  const auto number = [&](std::int64_t value) { json.integer(value); };
  const auto bytes = [&](const std::string& value) { json.string(hex(value)); };
  const auto& file = entry.file;
  json.open_object()
      .member("status", static_cast<int>(entry.status))
      .member("snapshot_id", entry.snapshot_id->value)
      .member("sequence_number", entry.sequence_number->value)
      .member("file_sequence_number", entry.file_sequence_number->value)
      .member("content", static_cast<int>(file.content))
      .member("path", file.path)
      .member("format", file.format)
      .member("record_count", file.record_count)
      .member("size_bytes", file.size_bytes);
  json.key("partition").open_array();
  for (std::size_t i = 0; i < file.partition.size(); ++i) {
    if (file.partition[i]) {
      json.string(hex(to_bytes(*types[i], *file.partition[i])));
    } else {
      json.raw("null");
    }
  }
  json.close_array();
  write_column_map(json, "column_sizes", file.column_sizes, number);
  write_column_map(json, "value_counts", file.value_counts, number);
  write_column_map(json, "null_value_counts", file.null_value_counts, number);
  write_column_map(json, "nan_value_counts", file.nan_value_counts, number);
  write_column_map(json, "lower_bounds", file.lower_bounds, bytes);
  write_column_map(json, "upper_bounds", file.upper_bounds, bytes);
  json.key("split_offsets").open_array();
  for (const auto offset : file.split_offsets) json.integer(offset);
  json.close_array().close_object();
}

inline Result<> write_manifest(JsonWriter& json, const TableMetadata& metadata, FileIo& io,
                               const ManifestFile& manifest) {
  const auto optional_bytes = [&](const char* key, const std::optional<std::string>& bytes) {
    json.key(key);
    if (bytes) {
      json.string(hex(*bytes));
    } else {
      json.raw("null");
    }
  };
  json.open_object()
      .member("path", manifest.path)
      .member("length", manifest.length_bytes)
      .member("spec_id", manifest.spec_id.value)
      .member("content", static_cast<int>(manifest.content))
      .member("sequence_number", manifest.sequence_number.value)
      .member("min_sequence_number", manifest.min_sequence_number.value)
      .member("added_snapshot_id", manifest.added_snapshot_id.value)
      .member("added_files_count", manifest.added_files_count)
      .member("existing_files_count", manifest.existing_files_count)
      .member("deleted_files_count", manifest.deleted_files_count)
      .member("added_rows_count", manifest.added_rows_count)
      .member("existing_rows_count", manifest.existing_rows_count)
      .member("deleted_rows_count", manifest.deleted_rows_count);
  json.key("partitions").open_array();
  for (const auto& summary : manifest.partitions) {
    json.open_object().key("contains_null").boolean(summary.contains_null);
    json.key("contains_nan");
    if (summary.contains_nan) {
      json.boolean(*summary.contains_nan);
    } else {
      json.raw("null");
    }
    optional_bytes("lower_bound", summary.lower_bound);
    optional_bytes("upper_bound", summary.upper_bound);
    json.close_object();
  }
  json.close_array().key("entries").open_array();
  TL_ASSIGN(const auto entries, read_manifest(metadata, io, manifest));
  const auto types = partition_types(metadata, *metadata.find_spec(manifest.spec_id));
  for (const auto& entry : entries) write_entry(json, entry, types);
  json.close_array().close_object();
  return {};
}

// {"metadata_location", "metadata", "manifests": {snapshot id: [manifest, …]}}
inline Result<std::string> dump_json(const Table& table, FileIo& io) {
  const auto& metadata = *table.metadata;
  JsonWriter json;
  json.open_object().member("metadata_location", table.metadata_location);
  json.key("metadata").raw(to_json(metadata));
  json.key("manifests").open_object();
  for (const auto& snapshot : metadata.snapshots) {
    TL_ASSIGN(const auto manifests, read_manifest_list(io, snapshot));
    json.key(fmt::format("{}", snapshot.id.value)).open_array();
    for (const auto& manifest : manifests) TL_TRY(write_manifest(json, metadata, io, manifest));
    json.close_array();
  }
  json.close_object().close_object();
  return std::move(json).take();
}

}  // namespace tradelake::iceberg
