// Actions: what is to happen to a table, computed without touching a catalog.
//
// An action is applied to a base; it writes new manifests and a manifest list through FileIo and
// returns the metadata that is to follow. The same action may be applied again to a newer base
// after a conflict: data files are kept, manifests are written anew under the next attempt number.
// Does not: commit, delete files, or notice that the same data file was added before.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/partition_cutoff.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

class Action {
 public:
  virtual ~Action() = default;
  // Errors: conflict (the base no longer allows it, e.g. a file to be replaced is gone),
  // invalid_argument (a file does not fit the table), io, corrupt.
  virtual Result<TableMetadata> apply(const TableMetadata& base, FileIo& io, int attempt) = 0;
};

// What a new snapshot says of itself beyond its files.
struct SnapshotNote {
  std::map<std::string, std::string> summary;
  std::string tag;  // moves to the new snapshot and never expires; empty: none
  // Completes the summary from what the base's snapshots say; called for each base anew.
  std::function<void(const TableMetadata& base, std::map<std::string, std::string>& summary)> carry;
};

// Adds files. Manifests below commit.manifest.target-size-bytes are merged once there are
// commit.manifest.min-count-to-merge of them (commit.manifest-merge.enabled, default true).
std::unique_ptr<Action> append_files(std::vector<DataFile> files, SnapshotNote note = {});

// Removes and adds files in one snapshot of operation "overwrite" (copy-on-write), or "delete" if
// none are added. Every removed path must be live in the base. `read_at` is the
// last_sequence_number of the metadata that the removed files were read by: a later delete file
// that applies to one of them is a conflict, as the added ones would bring its rows back.
std::unique_ptr<Action> overwrite_files(std::vector<std::string> removed_paths,
                                        std::vector<DataFile> added, SnapshotNote note = {},
                                        std::optional<SequenceNumber> read_at = {});

// Removes the data files of every partition that ends at or before the cut-off, by metadata alone:
// operation "delete". Delete files stay, and apply to nothing. Errors of apply(): not_found (there
// is no such partition in the base).
std::unique_ptr<Action> drop_partitions(PartitionCutoff cutoff, SnapshotNote note = {});

// The same rows in other files: operation "replace". More rows than were removed are refused
// (invalid_argument). `read_at` as of overwrite_files().
std::unique_ptr<Action> replace_files(std::vector<std::string> removed_paths,
                                      std::vector<DataFile> added, SequenceNumber read_at,
                                      SnapshotNote note = {});

}  // namespace tradelake::iceberg
