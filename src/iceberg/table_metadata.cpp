#include "iceberg/table_metadata.h"

#include <algorithm>
#include <utility>

#include "iceberg/random_id.h"

namespace tradelake::iceberg {
namespace {

template <class T, class Id>
const T* find_by_id(const std::vector<T>& all, Id id) {
  const auto it = std::ranges::find(all, id, &T::id);
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

const Schema& TableMetadata::schema() const {
  return *find_schema(current_schema_id);
}
const PartitionSpec& TableMetadata::spec() const {
  return *find_spec(default_spec_id);
}
const SortOrder& TableMetadata::sort_order() const {
  return *find_by_id(sort_orders, default_sort_order_id);
}

const Schema* TableMetadata::find_schema(SchemaId id) const {
  return find_by_id(schemas, id);
}
const PartitionSpec* TableMetadata::find_spec(SpecId id) const {
  return find_by_id(specs, id);
}

const Snapshot* TableMetadata::find_snapshot(SnapshotId id) const {
  // From the end: the newest are asked for most.
  const auto it = std::find_if(snapshots.rbegin(), snapshots.rend(),
                               [id](const Snapshot& snapshot) { return snapshot.id == id; });
  return it == snapshots.rend() ? nullptr : &*it;
}

const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? find_snapshot(*current_snapshot_id) : nullptr;
}

TableMetadata new_table_metadata(std::string location, Schema schema, PartitionSpec spec,
                                 SortOrder order, std::map<std::string, std::string> properties,
                                 std::int64_t now_ms) {
  TableMetadata metadata;
  metadata.table_uuid = random_uuid();
  while (location.ends_with('/')) location.pop_back();
  metadata.location = std::move(location);
  metadata.last_updated_ms = now_ms;
  metadata.last_column_id = schema.highest_field_id();
  metadata.current_schema_id = schema.id;
  metadata.default_spec_id = spec.id;
  for (const auto& field : spec.fields) {
    metadata.last_partition_id = std::max(metadata.last_partition_id, field.field_id);
  }
  metadata.default_sort_order_id = order.id;
  metadata.properties = std::move(properties);
  // Java persists its defaults at creation, so that a later change of them changes no table.
  metadata.properties.try_emplace("write.parquet.compression-codec", "zstd");
  metadata.schemas.push_back(std::move(schema));
  metadata.specs.push_back(std::move(spec));
  metadata.sort_orders.push_back(std::move(order));
  return metadata;
}

}  // namespace tradelake::iceberg
