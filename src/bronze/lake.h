// What a pipeline works on: the log, the catalog, the warehouse. Owned by the process.
#pragma once

#include <string>

#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "log/log.h"

namespace tradelake::bronze {

struct Lake {
  log::Log& log;
  iceberg::Catalog& catalog;
  iceberg::FileIo& io;
  std::string warehouse_uri;    // file:///DIR, no trailing slash
  std::string spill_directory;  // for ids beyond the memory bound
};

// When a pipeline commits: whichever comes first.
struct CommitLimits {
  std::size_t max_rows = 200'000;
  std::size_t max_bytes = std::size_t{64} << 20;  // of raw frames
  std::int64_t interval_us = 5'000'000;           // since the first uncommitted record
};

}  // namespace tradelake::bronze
