#include "iceberg/scan.h"

#include "iceberg/delete_index.h"
#include "iceberg/filter_pruning.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"

namespace tradelake::iceberg {

namespace {

class Planner {
 public:
  Planner(const TableMetadata& metadata, FileIo& io, const BoundFilter& filter)
      : metadata_(metadata), io_(io), filter_(filter) {}

  Result<std::vector<ScanFile>> plan(const std::vector<ManifestFile>& manifests) {
    for (const ManifestFile& manifest : manifests) {
      if (manifest.content == ManifestContent::data) TL_TRY(add_data(manifest));
    }
    if (planned_.empty()) return std::move(planned_);
    DeleteIndex deletes;
    for (const ManifestFile& manifest : manifests) {
      if (manifest.content == ManifestContent::deletes) TL_TRY(add_deletes(manifest, deletes));
    }
    for (ScanFile& file : planned_) file.deletes = deletes.of(file.file, file.sequence_number);
    return std::move(planned_);
  }

 private:
  Result<> add_data(const ManifestFile& manifest) {
    TL_ASSIGN(const bool may_match, may_hold_matches(manifest));
    if (!may_match) return {};
    TL_ASSIGN(auto entries, read_manifest(metadata_, io_, manifest));
    for (ManifestEntry& entry : entries) {
      if (entry.status == EntryStatus::deleted ||
          !file_may_match(filter_, *metadata_.find_spec(manifest.spec_id), entry.file))
        continue;
      if (entry.file.content != FileContent::data) {
        return make_error(Errc::corrupt, "{} is a delete file, but in manifest {} of data files",
                          entry.file.path, manifest.path);
      }
      planned_.push_back({std::move(entry.file), *entry.sequence_number, {}});
    }
    return {};
  }

  // Column bounds of an equality delete file are of more columns than those it compares: only
  // partitions tell what it cannot delete.
  Result<> add_deletes(const ManifestFile& manifest, DeleteIndex& deletes) {
    TL_ASSIGN(const bool may_match, may_hold_matches(manifest));
    return may_match ? deletes.add(metadata_, io_, manifest) : Result<>();
  }

  Result<bool> may_hold_matches(const ManifestFile& manifest) const {
    const PartitionSpec* spec = metadata_.find_spec(manifest.spec_id);
    if (spec == nullptr) {
      return make_error(Errc::corrupt,
                        "manifest {} is of partition spec {}, which the table does not have",
                        manifest.path, manifest.spec_id.value);
    }
    return (manifest.added_files_count != 0 || manifest.existing_files_count != 0) &&
           manifest_may_match(filter_, *spec, partition_types(metadata_, *spec), manifest);
  }

  const TableMetadata& metadata_;
  FileIo& io_;
  const BoundFilter& filter_;
  std::vector<ScanFile> planned_;
};

}  // namespace

Result<std::vector<ScanFile>> plan_files(const TableMetadata& metadata, FileIo& io,
                                         const Filter& filter,
                                         std::optional<SnapshotId> snapshot_id) {
  TL_ASSIGN(const auto bound, bind(metadata.schema(), filter));
  const Snapshot* snapshot =
      snapshot_id ? metadata.find_snapshot(*snapshot_id) : metadata.current_snapshot();
  if (snapshot == nullptr) {
    if (!snapshot_id) return std::vector<ScanFile>{};
    return make_error(Errc::not_found, "the table has no snapshot {}", snapshot_id->value);
  }
  TL_ASSIGN(const auto manifests, read_manifest_list(io, *snapshot));
  return Planner(metadata, io, bound).plan(manifests);
}

}  // namespace tradelake::iceberg
