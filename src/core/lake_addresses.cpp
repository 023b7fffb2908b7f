#include "core/lake_addresses.h"

namespace tradelake {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_prefix = "sqlite:";

Result<> take_catalog(const std::string& address, LakeAddresses& lake) {
  if (address.starts_with("postgresql://") || address.starts_with("postgres://")) {
    lake.postgres = address;
    return {};
  }
  if (address == "sqlite") {
    lake.catalog_file = lake.data_dir / "catalog.db";
    return {};
  }
  if (address.starts_with(sqlite_prefix)) lake.catalog_file = address.substr(sqlite_prefix.size());
  if (!lake.catalog_file.empty()) return {};
  return make_error(Errc::invalid_argument,
                    "catalog is '{}'; allowed: sqlite, sqlite:FILE, "
                    "postgresql://user@host:port/database",
                    address);
}

Result<> take_warehouse(std::string uri, LakeAddresses& lake) {
  if (uri == "local") uri = std::string(file_scheme) + (lake.data_dir / "warehouse").string();
  const auto bad = [&](std::string_view allowed) {
    return make_error(Errc::invalid_argument, "warehouse is '{}'; allowed: {}", uri, allowed);
  };
  if (uri.starts_with(s3_scheme)) {
    if (uri.find_first_not_of('/', s3_scheme.size()) != s3_scheme.size())
      return bad("s3://bucket/prefix");
  } else if (!uri.starts_with(file_scheme) || uri.size() == file_scheme.size()) {
    return bad("local, file:///DIR, s3://bucket/prefix");
  }
  while (uri.ends_with('/')) uri.pop_back();
  lake.warehouse_uri = std::move(uri);
  return {};
}

}  // namespace

Result<LakeAddresses> lake_addresses(const Settings& settings) {
  LakeAddresses lake;
  std::error_code
      ignored;  // only of a working directory that is gone: the path stays relative then
  lake.data_dir = fs::absolute(settings.text("data_dir"), ignored).lexically_normal();
  if (const auto& log = settings.text("log"); log != "local") {
    lake.kafka = log;
  } else {
    lake.log_file = lake.data_dir / "log.db";
  }
  TL_TRY(take_catalog(settings.text("catalog"), lake));
  TL_TRY(take_warehouse(settings.text("warehouse"), lake));
  return lake;
}

}  // namespace tradelake
