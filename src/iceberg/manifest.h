// Manifests and manifest lists («Manifests», «Manifest Lists»): the model, no bytes.
//
// Threads: values. The Avro forms are in manifest_avro.h and manifest_list_avro.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/data_file.h"

namespace tradelake::iceberg {

enum class EntryStatus { existing = 0, added = 1, deleted = 2 };

struct ManifestEntry {
  EntryStatus status = EntryStatus::added;
  std::optional<SnapshotId> snapshot_id;
  // Null in the file of an ADDED entry: inherited from the manifest list on reading.
  std::optional<SequenceNumber> sequence_number;
  std::optional<SequenceNumber> file_sequence_number;
  DataFile file;
};

enum class ManifestContent { data = 0, deletes = 1 };

struct FieldSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan;
  std::optional<std::string> lower_bound;  // Appendix D bytes of the transform's result type
  std::optional<std::string> upper_bound;
};

// A count that a list of format version 1 leaves out. Never in what we write.
inline constexpr std::int32_t unknown_count = -1;

// An entry of a manifest list.
struct ManifestFile {
  std::string path;
  std::int64_t length_bytes = 0;
  SpecId spec_id;
  ManifestContent content = ManifestContent::data;
  SequenceNumber sequence_number;
  SequenceNumber min_sequence_number;  // over live entries, inherited included
  SnapshotId added_snapshot_id;
  std::int32_t added_files_count = 0;
  std::int32_t existing_files_count = 0;
  std::int32_t deleted_files_count = 0;
  std::int64_t added_rows_count = 0;
  std::int64_t existing_rows_count = 0;
  std::int64_t deleted_rows_count = 0;
  std::vector<FieldSummary> partitions;  // one per field of the spec, in its order
  std::string key_metadata;
};

}  // namespace tradelake::iceberg
