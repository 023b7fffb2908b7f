// Computes one new snapshot: its manifests, its list, and the metadata that follows the base.
//
// Threads: one at a time; one use. Files go through FileIo and stay when something fails later.
// Invariant: a manifest holds entries of one partition spec; entries DELETED by earlier snapshots
// are in none that is written here; untouched manifests are carried over with every field they
// have.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/action.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/manifest_merge.h"
#include "iceberg/snapshot_summary.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

struct SnapshotRequest {
  SnapshotId id;
  std::string operation;
  std::vector<DataFile> added = {};
  std::vector<std::string> removed_paths = {};
  std::optional<PartitionCutoff> dropped_until = {};  // instead of added and removed_paths
  std::optional<SequenceNumber> read_at = {};         // see overwrite_files()
  SnapshotNote note;
};

class SnapshotBuilder {
 public:
  SnapshotBuilder(const TableMetadata& base, FileIo& io, int attempt,
                  const SnapshotRequest& request);

  // Errors: those of Action::apply().
  Result<TableMetadata> build();

 private:
  // A manifest of the new snapshot: one that exists, or entries that are still to be written.
  struct Part {
    ManifestFile listed;
    std::vector<ManifestEntry> entries;
    std::string bytes;
    bool fresh = false;
  };

  Result<> check_added() const;
  Result<> carry_over();
  Result<> fill_unknown_counts(ManifestFile& manifest);
  Result<> remove_paths();
  Result<> drop_partitions(const PartitionCutoff& cutoff);
  // Entries for which `goes` is true become DELETED; false: there are none, the part is as it was.
  Result<bool> remove_from(Part& part, const std::function<bool(const ManifestEntry&)>& goes);
  Result<> check_unchanged(const std::vector<ManifestEntry>& removed) const;
  // What was removed from was written again: as one manifest of each spec, as far as its size goes.
  Result<> join_fresh();
  Result<> add_files();
  Result<> merge();
  // Puts the parts, of one spec, behind `result`, merged as the policy says.
  Result<> put_merged(const std::vector<Part*>& parts, const MergePolicy& policy,
                      std::vector<Part>& result);
  Result<Part> merged(const std::vector<Part*>& parts);
  Result<Part> fresh_part(SpecId spec_id, std::vector<ManifestEntry> entries);
  Result<std::vector<ManifestFile>> write_parts();
  TableMetadata follow(Snapshot snapshot) const;
  std::string new_manifest_path();

  const TableMetadata& base_;
  FileIo& io_;
  int attempt_;
  const SnapshotRequest& request_;
  std::string folder_;
  std::string uuid_;
  int manifests_named_ = 0;
  SequenceNumber sequence_number_;
  SummaryCounters counters_;
  std::vector<Part> parts_;  // the newest first
};

}  // namespace tradelake::iceberg
