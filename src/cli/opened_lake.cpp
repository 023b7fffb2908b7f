#include "cli/opened_lake.h"

#include <filesystem>

#include "log/local_log.h"

namespace tradelake::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* catalog_name = "tradelake";
constexpr std::string_view sqlite_prefix = "sqlite:";
constexpr std::string_view file_prefix = "file://";

fs::path data_directory(const Settings& settings) {
  std::error_code
      ignored;  // only of a working directory that is gone: the path stays relative then
  return fs::absolute(settings.text("data_dir"), ignored).lexically_normal();
}

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

Result<> open_catalog(const Settings& settings, const fs::path& root, OpenedLake& lake) {
  const auto& address = settings.text("catalog");
  if (address.starts_with("postgres")) {
    TL_ASSIGN(lake.catalog, iceberg::open_postgres_catalog(address, catalog_name));
    return {};
  }
  std::string file = address == "sqlite" ? "" : address.substr(sqlite_prefix.size());
  if (address != "sqlite" && (!address.starts_with(sqlite_prefix) || file.empty())) {
    return make_error(Errc::invalid_argument,
                      "catalog is '{}'; allowed: sqlite, sqlite:FILE, "
                      "postgresql://user@host:port/database",
                      address);
  }
  if (file.empty()) file = root / "catalog.db";
  TL_ASSIGN(lake.catalog, iceberg::open_sqlite_catalog(file, catalog_name));
  return {};
}

Result<> open_warehouse(const Settings& settings, const fs::path& root, bool make,
                        OpenedLake& lake) {
  auto uri = settings.text("warehouse");
  if (uri == "local") uri = std::string(file_prefix) + (root / "warehouse").string();
  if (!uri.starts_with(file_prefix) || uri.size() == file_prefix.size()) {
    return make_error(Errc::invalid_argument, "warehouse is '{}'; allowed: local, file:///DIR",
                      uri);
  }
  while (uri.ends_with('/')) uri.pop_back();
  std::error_code error;
  const fs::path folder = uri.substr(file_prefix.size());
  if (make) fs::create_directories(folder, error);
  if (error) {
    return make_error(Errc::io, "the warehouse {} cannot be used: {}", folder.string(),
                      error.message());
  }
  TL_ASSIGN(lake.io, iceberg::make_local_file_io());
  lake.warehouse_uri = std::move(uri);
  return {};
}

}  // namespace

Result<OpenedLake> OpenedLake::open_to_run(const Settings& settings) {
  OpenedLake lake;
  const auto root = data_directory(settings);
  TL_TRY(check_directory(root, true));
  TL_ASSIGN(lake.lock, FileLock::acquire(root / "lock"));
  TL_ASSIGN(lake.log, log::open_local_log(root / "log.db"));
  TL_TRY(open_catalog(settings, root, lake));
  TL_TRY(open_warehouse(settings, root, true, lake));
  lake.spill_directory = root / "tmp";
  return lake;
}

Result<OpenedLake> OpenedLake::open_to_look(const Settings& settings) {
  OpenedLake lake;
  const auto root = data_directory(settings);
  const bool embedded =
      settings.text("catalog") == "sqlite" || settings.text("warehouse") == "local";
  if (embedded) TL_TRY(check_directory(root, false));
  TL_TRY(open_catalog(settings, root, lake));
  TL_TRY(open_warehouse(settings, root, false, lake));
  return lake;
}

}  // namespace tradelake::cli
