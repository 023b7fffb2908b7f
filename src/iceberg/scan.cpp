#include "iceberg/scan.h"

#include "iceberg/filter_pruning.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"

namespace tradelake::iceberg {

namespace {

struct Planner {
  const TableMetadata& metadata;
  FileIo& io;
  const BoundFilter& filter;
  std::vector<ManifestEntry> planned;

  Result<> add(const ManifestFile& manifest) {
    const bool live = manifest.added_files_count != 0 || manifest.existing_files_count != 0;
    if (manifest.content == ManifestContent::deletes) {
      if (!live) return {};
      return make_error(Errc::unsupported,
                        "manifest {} holds delete files; only tables without any can be read",
                        manifest.path);
    }
    const PartitionSpec* spec = metadata.find_spec(manifest.spec_id);
    if (spec == nullptr) {
      return make_error(Errc::corrupt,
                        "manifest {} is of partition spec {}, which the table does not have",
                        manifest.path, manifest.spec_id.value);
    }
    if (!live || !manifest_may_match(filter, *spec, partition_types(metadata, *spec), manifest))
      return {};
    TL_ASSIGN(auto entries, read_manifest(metadata, io, manifest));
    for (ManifestEntry& entry : entries) {
      if (entry.status == EntryStatus::deleted || !file_may_match(filter, *spec, entry.file))
        continue;
      if (entry.file.content != FileContent::data) {
        return make_error(Errc::unsupported,
                          "{} is a delete file; only tables without any can be read",
                          entry.file.path);
      }
      planned.push_back(std::move(entry));
    }
    return {};
  }
};

}  // namespace

Result<std::vector<ManifestEntry>> plan_files(const TableMetadata& metadata, FileIo& io,
                                              const Filter& filter,
                                              std::optional<SnapshotId> snapshot_id) {
  TL_ASSIGN(const auto bound, bind(metadata.schema(), filter));
  const Snapshot* snapshot =
      snapshot_id ? metadata.find_snapshot(*snapshot_id) : metadata.current_snapshot();
  if (snapshot == nullptr) {
    if (!snapshot_id) return std::vector<ManifestEntry>{};
    return make_error(Errc::not_found, "the table has no snapshot {}", snapshot_id->value);
  }
  TL_ASSIGN(const auto manifests, read_manifest_list(io, *snapshot));
  Planner planner{metadata, io, bound, {}};
  for (const ManifestFile& manifest : manifests) TL_TRY(planner.add(manifest));
  return std::move(planner.planned);
}

}  // namespace tradelake::iceberg
