// Which files the snapshots of a table lead to: what expiry and orphan removal must know before
// they delete anything.
//
// Threads: one. Files never change under a name, so what was read once is kept, up to
// `limit_bytes`. Invariant: fails closed. A list or manifest that cannot be read is an error, never
// "leads nowhere". Does not: delete; trust a listing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/lru_cache.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

class ReachableFiles {
 public:
  explicit ReachableFiles(std::size_t limit_bytes = std::size_t{32} << 20)
      : manifests_(limit_bytes / 4), files_(limit_bytes / 4 * 3) {}

  using Paths = std::shared_ptr<const std::vector<std::string>>;
  using Manifests = std::shared_ptr<const std::vector<ManifestFile>>;
  // The manifests of a snapshot, without their partition summaries.
  Result<Manifests> manifests_of(FileIo& io, const Snapshot& snapshot);
  // Data and delete files that are live in a manifest.
  Result<Paths> files_of(FileIo& io, const TableMetadata& metadata, const ManifestFile& manifest);

 private:
  LruCache<std::vector<ManifestFile>> manifests_;  // by the path of the list
  LruCache<std::vector<std::string>> files_;       // by the path of the manifest
};

// Files that snapshots of `before` lead to, and none of `after`: manifest lists, manifests, data
// and delete files, statistics. `after` is `before` less some snapshots. A removed snapshot whose
// list is gone already is passed over. Errors: those of FileIo::read(), corrupt.
Result<std::vector<std::string>> unreachable_files(const TableMetadata& before,
                                                   const TableMetadata& after, FileIo& io,
                                                   ReachableFiles& reachable);

// The paths in a metadata's "statistics" or "partition-statistics".
std::vector<std::string> statistics_paths(const std::string& json);

}  // namespace tradelake::iceberg
