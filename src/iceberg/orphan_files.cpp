#include "iceberg/orphan_files.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/time.h"

namespace tradelake::iceberg {
namespace {

using Paths = std::unordered_set<std::string>;

// What the table leads to, as bare paths.
Result<Paths> led_to(const Table& table, FileIo& io, ReachableFiles& reachable,
                     const std::function<Result<>()>& go_on) {
  const auto& metadata = *table.metadata;
  Paths paths{bare_path(table.metadata_location)};
  for (const auto& entry : metadata.metadata_log) paths.insert(bare_path(entry.metadata_file));
  for (const auto* json : {&metadata.statistics_json, &metadata.partition_statistics_json}) {
    for (const auto& path : statistics_paths(*json)) paths.insert(bare_path(path));
  }
  Paths seen;
  for (const auto& snapshot : metadata.snapshots) {
    paths.insert(bare_path(snapshot.manifest_list));
    TL_ASSIGN(const auto manifests, reachable.manifests_of(io, snapshot));
    for (const auto& manifest : *manifests) {
      if (!seen.insert(manifest.path).second) continue;
      TL_TRY(go_on());
      paths.insert(bare_path(manifest.path));
      TL_ASSIGN(const auto files, reachable.files_of(io, metadata, manifest));
      for (const auto& file : *files) paths.insert(bare_path(file));
    }
  }
  return paths;
}

// Java's catalogs of folders keep the number of the newest metadata in it.
bool is_version_hint(const std::string& uri) {
  return uri.ends_with("/metadata/version-hint.text");
}

Result<> check_alone(Catalog& catalog, const TableIdent& ident, const TableMetadata& metadata) {
  const auto own = bare_path(metadata.location) + "/";
  TL_ASSIGN(const auto tables, catalog.list_tables());
  for (const auto& other : tables) {
    if (other == ident) continue;
    TL_ASSIGN(const auto location, catalog.metadata_location(other));
    if (!bare_path(location).starts_with(own)) continue;
    return make_error(Errc::unsupported,
                      "files of {} lie below {}, the location of {}: which of them are orphans "
                      "cannot be told",
                      to_string(other), metadata.location, to_string(ident));
  }
  return {};
}

}  // namespace

std::int64_t total_bytes(const std::vector<FileStatus>& files) {
  std::int64_t bytes = 0;
  for (const auto& file : files) bytes += file.size_bytes;
  return bytes;
}

Result<> remove_files(FileIo& io, const std::vector<FileStatus>& files) {
  std::vector<std::string> uris;
  for (const auto& file : files) uris.push_back(file.uri);
  return io.remove_all(uris);
}

std::string bare_path(std::string_view uri) {
  const auto scheme = uri.find(":/");
  if (scheme != uri.npos && uri.find('/') == scheme + 1) {
    uri.remove_prefix(scheme + 1);
    if (uri.starts_with("//")) uri.remove_prefix(std::min(uri.find('/', 2), uri.size()));
  }
  std::string path;
  for (const char c : uri) {
    if (c != '/' || !path.ends_with('/')) path += c;
  }
  while (path.ends_with('/')) path.pop_back();
  return path;
}

Result<std::vector<FileStatus>> orphans_among(std::vector<FileStatus> listed, const Table& table,
                                              FileIo& io, ReachableFiles& reachable,
                                              std::int64_t modified_before_us,
                                              const std::function<Result<>()>& go_on) {
  std::erase_if(listed, [&](const FileStatus& file) {
    return file.modified_us >= modified_before_us || is_version_hint(file.uri);
  });
  // A young table has no old files, and then its snapshots need not be read.
  if (listed.empty()) return listed;
  TL_ASSIGN(const auto paths, led_to(table, io, reachable, go_on));
  std::erase_if(listed,
                [&](const FileStatus& file) { return paths.contains(bare_path(file.uri)); });
  return listed;
}

Result<std::vector<FileStatus>> find_orphans(Catalog& catalog, FileIo& io, const TableIdent& ident,
                                             ReachableFiles& reachable, std::int64_t min_age_us,
                                             std::int64_t now_us,
                                             const std::function<Result<>()>& go_on) {
  if (min_age_us < least_orphan_age_us) {
    return make_error(Errc::invalid_argument,
                      "orphans of an age of {} s; allowed: {} s and more, or files of commits "
                      "under way would be among them",
                      min_age_us / us_per_second, least_orphan_age_us / us_per_second);
  }
  TL_ASSIGN(const auto before, load_table(catalog, io, ident));
  TL_TRY(check_alone(catalog, ident, *before.metadata));
  const auto collected = before.metadata->properties.find("gc.enabled");
  if (collected != before.metadata->properties.end() && collected->second == "false") {
    return make_error(Errc::invalid_argument, "{} has gc.enabled=false: its files are not removed",
                      to_string(ident));
  }
  TL_ASSIGN(auto listed, io.list(before.metadata->location));
  // What was committed while we listed is in the table by now.
  TL_ASSIGN(const auto table, load_table(catalog, io, ident));
  if (table.metadata->location != before.metadata->location ||
      table.metadata->table_uuid != before.metadata->table_uuid) {
    return make_error(Errc::conflict, "{} was moved or made anew meanwhile", to_string(ident));
  }
  return orphans_among(std::move(listed), table, io, reachable, now_us - min_age_us, go_on);
}

}  // namespace tradelake::iceberg
