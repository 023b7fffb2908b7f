// The embedded log, catalog and warehouse of a data directory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bronze/lake.h"
#include "core/error.h"
#include "core/file_lock.h"

namespace tradelake::cli {

class EmbeddedLake {
 public:
  // Makes the directory if it is missing. With `exclusive`, no other process may have it. Errors:
  // fenced, io (not writable, full), corrupt.
  static Result<EmbeddedLake> open(const std::string& data_dir, bool exclusive);

  bronze::Lake lake() { return {*log, *catalog, *io, warehouse_uri, spill_directory}; }

  std::optional<FileLock> lock;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<iceberg::Catalog> catalog;
  std::unique_ptr<iceberg::FileIo> io;
  std::string warehouse_uri;
  std::string spill_directory;
};

}  // namespace tradelake::cli
