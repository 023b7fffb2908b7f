#include "cli/embedded_lake.h"

#include <filesystem>

#include "log/local_log.h"

namespace tradelake::cli {

Result<EmbeddedLake> EmbeddedLake::open(const std::string& data_dir, bool exclusive) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path root = fs::absolute(data_dir, error).lexically_normal();
  EmbeddedLake lake;
  for (const auto& dir : {root, root / "warehouse", root / "tmp"}) {
    if (exclusive) fs::create_directories(dir, error);
    if (error || !fs::is_directory(dir, error)) {
      return make_error(Errc::io, "the data directory {} cannot be used: {}", dir.string(),
                        error ? error.message() : "it does not exist");
    }
  }
  if (exclusive) {
    TL_ASSIGN(lake.lock, FileLock::acquire(root / "lock"));
  }
  TL_ASSIGN(lake.log, log::open_local_log(root / "log.db"));
  TL_ASSIGN(lake.catalog, iceberg::open_sqlite_catalog(root / "catalog.db", "tradelake"));
  TL_ASSIGN(lake.io, iceberg::make_local_file_io());
  lake.warehouse_uri = "file://" + (root / "warehouse").string();
  lake.spill_directory = root / "tmp";
  return lake;
}

}  // namespace tradelake::cli
