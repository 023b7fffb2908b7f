#include "cli/opened_lake.h"

#include <cstdlib>
#include <filesystem>

#include "core/lake_addresses.h"
#include "iceberg/s3_access.h"
#include "log/kafka_log.h"
#include "log/local_log.h"

namespace tradelake::cli {
namespace {

namespace fs = std::filesystem;

Result<> check_directory(const fs::path& root, bool make) {
  std::error_code error;
  for (const auto& dir : {root, root / "tmp"}) {
    if (make) fs::create_directories(dir, error);
    if (error || !fs::is_directory(dir, error)) {
      return make_error(Errc::io, "the data directory {} cannot be used: {}", dir.string(),
                        error ? error.message() : "it does not exist");
    }
  }
  return {};
}

Result<> open_log(const LakeAddresses& where, OpenedLake& lake) {
  TL_TRY(check_directory(where.data_dir, true));
  if (!where.has_log_here()) {
    // Whoever shares a log elsewhere has only unnamed files here.
    TL_ASSIGN(lake.log, log::open_kafka_log(where.kafka));
    return {};
  }
  TL_ASSIGN(lake.lock, FileLock::acquire(where.data_dir / "lock"));
  TL_ASSIGN(lake.log, log::open_local_log(where.log_file));
  return {};
}

Result<> open_catalog(const LakeAddresses& where, OpenedLake& lake) {
  auto catalog = where.postgres.empty()
                     ? iceberg::open_sqlite_catalog(where.catalog_file, catalog_name)
                     : iceberg::open_postgres_catalog(where.postgres, catalog_name);
  TL_ASSIGN(lake.catalog, std::move(catalog));
  return {};
}

Result<> open_warehouse(const LakeAddresses& where, bool make, OpenedLake& lake) {
  lake.warehouse_uri = where.warehouse_uri;
  if (where.warehouse_in_s3()) {
    TL_ASSIGN(const auto access, iceberg::s3_access(::getenv));
    TL_ASSIGN(lake.io, iceberg::make_s3_file_io(access, where.warehouse_uri));
    return {};
  }
  std::error_code error;
  if (make) fs::create_directories(where.warehouse_folder(), error);
  if (error) {
    return make_error(Errc::io, "the warehouse {} cannot be used: {}",
                      where.warehouse_folder().string(), error.message());
  }
  TL_ASSIGN(lake.io, iceberg::make_local_file_io());
  return {};
}

}  // namespace

Result<OpenedLake> OpenedLake::open_log_to_fill(const Settings& settings) {
  OpenedLake lake;
  TL_ASSIGN(const auto where, lake_addresses(settings));
  TL_TRY(open_log(where, lake));
  return lake;
}

Result<OpenedLake> OpenedLake::open_to_run(const Settings& settings) {
  OpenedLake lake;
  TL_ASSIGN(const auto where, lake_addresses(settings));
  TL_TRY(open_log(where, lake));
  TL_TRY(open_catalog(where, lake));
  TL_TRY(open_warehouse(where, true, lake));
  lake.spill_directory = where.data_dir / "tmp";
  return lake;
}

Result<OpenedLake> OpenedLake::open_to_look(const Settings& settings) {
  OpenedLake lake;
  TL_ASSIGN(const auto where, lake_addresses(settings));
  const bool embedded =
      settings.text("catalog") == "sqlite" || settings.text("warehouse") == "local";
  if (embedded) TL_TRY(check_directory(where.data_dir, false));
  TL_TRY(open_catalog(where, lake));
  TL_TRY(open_warehouse(where, false, lake));
  return lake;
}

}  // namespace tradelake::cli
