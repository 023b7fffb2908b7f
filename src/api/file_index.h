// The data files of a table's head, newest first, with their delete files and the bounds that
// queries by market and time prune by.
//
// Threads: any. Invariant: a manifest never changes, so it is decoded once; a new head costs its
// new manifests. Does not: read data files, or say that a delete file deletes anything.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/lru_cache.h"
#include "iceberg/file_io.h"
#include "iceberg/manifest.h"
#include "iceberg/scan_file.h"
#include "iceberg/table.h"

namespace tradelake::api {

struct IndexedFile {
  iceberg::ScanFile file;                                  // without column metrics
  std::int64_t first_us = INT64_MIN, last_us = INT64_MAX;  // of the time column, inclusive
  std::optional<std::string> least_category, greatest_category, least_symbol, greatest_symbol;

  bool may_hold(std::string_view category, std::string_view symbol) const;
};

class FileIndex {
 public:
  // The table has columns category and symbol, and the one named.
  FileIndex(iceberg::FileIo& io, std::string time_column)
      : io_(io), time_column_(std::move(time_column)) {}

  // In descending order of last_us, which is where it was before any deletes.
  using Files = std::vector<std::shared_ptr<const IndexedFile>>;
  Result<std::shared_ptr<const Files>> files(const iceberg::Table& table);

 private:
  Result<std::shared_ptr<const Files>> of_manifest(const iceberg::TableMetadata& metadata,
                                                   const iceberg::ManifestFile& manifest);

  iceberg::FileIo& io_;
  std::string time_column_;
  LruCache<Files> manifests_{std::size_t{32} << 20};
  std::mutex mutex_;
  std::string metadata_location_;
  std::shared_ptr<const Files> files_;
};

}  // namespace tradelake::api
