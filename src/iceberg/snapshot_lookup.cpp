#include "iceberg/snapshot_lookup.h"

#include <algorithm>

namespace tradelake::iceberg {

std::vector<const Snapshot*> ancestors(const TableMetadata& metadata,
                                       std::optional<SnapshotId> newest) {
  std::vector<const Snapshot*> chain;
  const auto* snapshot = newest ? metadata.find_snapshot(*newest) : nullptr;
  // No chain is longer than the list: parents that go in circles would be damage.
  while (snapshot != nullptr && chain.size() < metadata.snapshots.size()) {
    chain.push_back(snapshot);
    snapshot = snapshot->parent_id ? metadata.find_snapshot(*snapshot->parent_id) : nullptr;
  }
  return chain;
}

const Snapshot* snapshot_as_of(const TableMetadata& metadata, std::int64_t time_ms) {
  const Snapshot* found = nullptr;
  for (const auto& entry : metadata.snapshot_log) {
    if (entry.timestamp_ms <= time_ms) found = metadata.find_snapshot(entry.snapshot_id);
  }
  return found;
}

const Snapshot* ancestor_as_of(const TableMetadata& metadata, std::int64_t time_ms) {
  const auto chain = ancestors(metadata, metadata.current_snapshot_id);
  const auto found = std::ranges::find_if(
      chain, [&](const Snapshot* snapshot) { return snapshot->timestamp_ms <= time_ms; });
  return found == chain.end() ? nullptr : *found;
}

TableMetadata as_of(const TableMetadata& metadata, const Snapshot& snapshot) {
  auto then = metadata;
  then.current_snapshot_id = snapshot.id;
  if (snapshot.schema_id && then.find_schema(*snapshot.schema_id) != nullptr)
    then.current_schema_id = *snapshot.schema_id;
  return then;
}

}  // namespace tradelake::iceberg
