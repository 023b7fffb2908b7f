// The log, catalog and warehouse that the configuration names, opened.
//
// Threads: made by one; what it holds, as each part says. Embedded defaults live in the data
// directory: log.db, catalog.db, warehouse. Does not: make tables or topics.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bronze/lake.h"
#include "core/error.h"
#include "core/file_lock.h"
#include "core/settings.h"

namespace tradelake::cli {

class OpenedLake {
 public:
  // For a run: makes the data directory if it is missing; no other process may have it. Errors:
  // invalid_argument (an address), fenced, io (not writable, full), corrupt, unavailable.
  static Result<OpenedLake> open_to_run(const Settings& settings);
  // The log only, for what fills it. Errors: as above.
  static Result<OpenedLake> open_log_to_fill(const Settings& settings);
  // Catalog and warehouse only, to look at tables; whoever runs may go on. Errors: as above.
  static Result<OpenedLake> open_to_look(const Settings& settings);

  bronze::Lake lake() { return {*log, *catalog, *io, warehouse_uri, spill_directory}; }

  std::optional<FileLock> lock;
  std::unique_ptr<log::Log> log;  // null when opened to look
  std::unique_ptr<iceberg::Catalog> catalog;
  std::unique_ptr<iceberg::FileIo> io;
  std::string warehouse_uri;
  std::string spill_directory;
};

}  // namespace tradelake::cli
