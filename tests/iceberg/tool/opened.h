// The catalog and the files that a command was given the addresses of.
//
// Threads: functions.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "iceberg/s3_access.h"
#include "iceberg/table.h"

namespace tradelake::iceberg {

inline TableIdent ident_of(const std::string& name) {
  const auto dot = name.find('.');
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// A file of SQLite, or postgresql://user@host:port/database.
inline Result<std::unique_ptr<Catalog>> open_catalog(const std::string& address) {
  if (address.starts_with("postgresql://")) return open_postgres_catalog(address, "tradelake");
  return open_sqlite_catalog(address, "tradelake");
}

// What holds the files at `uri`; an S3 server is the one that the environment names.
inline Result<std::unique_ptr<FileIo>> open_files(const std::string& uri) {
  if (!uri.starts_with("s3://")) return make_local_file_io();
  TL_ASSIGN(const auto access, s3_access(::getenv));
  return make_s3_file_io(access, uri);
}

struct Opened {
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<FileIo> io;
  Table table;
};

inline Result<Opened> open_table(const std::string& address, const std::string& name) {
  Opened opened;
  TL_ASSIGN(opened.catalog, open_catalog(address));
  TL_ASSIGN(const auto location, opened.catalog->metadata_location(ident_of(name)));
  TL_ASSIGN(opened.io, open_files(location));
  TL_ASSIGN(opened.table, load_table(*opened.catalog, *opened.io, ident_of(name)));
  return opened;
}

}  // namespace tradelake::iceberg
