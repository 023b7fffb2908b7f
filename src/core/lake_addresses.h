// Where the settings say that a lake's log, catalog and warehouse are; what they leave open is
// embedded in the data directory.
//
// Threads: values. Invariant: no address holds a password (settings.h refuses it). Does not: open,
// make or look at anything.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/settings.h"

namespace tradelake {

// Of Iceberg's catalog; other engines name it too.
inline constexpr const char* catalog_name = "tradelake";
inline constexpr std::string_view file_scheme = "file://";
inline constexpr std::string_view s3_scheme = "s3://";

struct LakeAddresses {
  std::filesystem::path data_dir;  // absolute
  std::string log_file;            // of the local log; empty:
  std::string kafka;               // kafka://host:port[,host:port]; whoever opens it parses it
  std::string catalog_file;        // of SQLite; empty:
  std::string postgres;            // postgresql://user@host:port/database
  std::string warehouse_uri;       // file:///DIR or s3://bucket/prefix, no trailing slash

  bool warehouse_in_s3() const { return warehouse_uri.starts_with(s3_scheme); }
  std::filesystem::path warehouse_folder() const {  // of one that is not in S3
    return warehouse_uri.substr(file_scheme.size());
  }
  bool has_log_here() const { return !log_file.empty(); }
};

// Errors: invalid_argument with the key, the value and what is allowed.
Result<LakeAddresses> lake_addresses(const Settings& settings);

}  // namespace tradelake
