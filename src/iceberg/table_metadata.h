// metadata.json as values («Table Metadata Fields», «Snapshots»).
//
// Threads: immutable once shared. Invariants: refs.main, if any, names current_snapshot_id; every
// id that is referred to exists in its list.
// Does not: know JSON (table_metadata_json.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/partition.h"
#include "iceberg/schema.h"
#include "iceberg/snapshot.h"

namespace tradelake::iceberg {

struct SnapshotRef {
  SnapshotId snapshot_id;
  bool tag = false;
  std::optional<std::int32_t> min_snapshots_to_keep;
  std::optional<std::int64_t> max_snapshot_age_ms;
  std::optional<std::int64_t> max_ref_age_ms;
};

struct SnapshotLogEntry {
  SnapshotId snapshot_id;
  std::int64_t timestamp_ms = 0;
};

struct MetadataLogEntry {
  std::string metadata_file;
  std::int64_t timestamp_ms = 0;
};

struct TableMetadata {
  std::int32_t format_version = 2;
  std::string table_uuid;
  std::string location;  // no trailing slash
  SequenceNumber last_sequence_number;
  std::int64_t last_updated_ms = 0;
  FieldId last_column_id;
  std::vector<Schema> schemas;
  SchemaId current_schema_id;
  std::vector<PartitionSpec> specs;
  SpecId default_spec_id;
  FieldId last_partition_id{999};
  std::vector<SortOrder> sort_orders;
  SortOrderId default_sort_order_id;
  std::map<std::string, std::string> properties;
  std::optional<SnapshotId> current_snapshot_id;
  SnapshotList snapshots;
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::map<std::string, SnapshotRef> refs;
  std::string statistics_json = "[]";            // kept as it was read
  std::string partition_statistics_json = "[]";  // kept as it was read

  const Schema& schema() const;         // the current one
  const PartitionSpec& spec() const;    // the default one
  const SortOrder& sort_order() const;  // the default one
  const Schema* find_schema(SchemaId id) const;
  const PartitionSpec* find_spec(SpecId id) const;
  const Snapshot* find_snapshot(SnapshotId id) const;
  const Snapshot* current_snapshot() const;  // nullptr: no snapshot yet
};

using TableMetadataPtr = std::shared_ptr<const TableMetadata>;

// A new, empty v2 table. Field, spec and order ids are taken as given. Mints the uuid.
TableMetadata new_table_metadata(std::string location, Schema schema, PartitionSpec spec,
                                 SortOrder order, std::map<std::string, std::string> properties,
                                 std::int64_t now_ms);

}  // namespace tradelake::iceberg
