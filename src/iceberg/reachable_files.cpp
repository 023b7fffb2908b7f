#include "iceberg/reachable_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "iceberg/json_access.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"

namespace tradelake::iceberg {
namespace {

// Of the snapshots of `from` that are not in `without`.
std::vector<const Snapshot*> missing_snapshots(const TableMetadata& from,
                                               const TableMetadata& without) {
  std::vector<const Snapshot*> missing;
  for (const auto& snapshot : from.snapshots) {
    if (without.find_snapshot(snapshot.id) == nullptr) missing.push_back(&snapshot);
  }
  return missing;
}

// Everything that went, less what stays, a manifest at a time.
class Sweep {
 public:
  Sweep(const TableMetadata& before, const TableMetadata& after, FileIo& io,
        ReachableFiles& reachable)
      : before_(before), after_(after), io_(io), reachable_(reachable) {}

  Result<std::vector<std::string>> run() {
    TL_TRY(gather_gone());
    TL_TRY(strike_kept_manifests());
    TL_TRY(gather_files());
    TL_TRY(strike_kept_files());
    for (const auto& [path, manifest] : manifests_) paths_.insert(path);
    for (const auto member :
         {&TableMetadata::statistics_json, &TableMetadata::partition_statistics_json}) {
      const auto kept = statistics_paths(after_.*member);
      for (auto& path : statistics_paths(before_.*member)) {
        if (std::ranges::find(kept, path) == kept.end()) paths_.insert(std::move(path));
      }
    }
    return std::vector<std::string>(paths_.begin(), paths_.end());
  }

 private:
  Result<> gather_gone() {
    for (const auto* snapshot : missing_snapshots(before_, after_)) {
      const auto manifests = reachable_.manifests_of(io_, *snapshot);
      // What it led to has been removed already, or is left to orphan removal.
      if (!manifests && manifests.error().code == Errc::not_found) continue;
      if (!manifests) return std::unexpected(manifests.error());
      paths_.insert(snapshot->manifest_list);
      for (const auto& manifest : **manifests) manifests_.try_emplace(manifest.path, manifest);
    }
    return {};
  }

  Result<> strike_kept_manifests() {
    for (const auto& snapshot : after_.snapshots) {
      TL_ASSIGN(const auto manifests, reachable_.manifests_of(io_, snapshot));
      paths_.erase(snapshot.manifest_list);
      for (const auto& manifest : *manifests) {
        manifests_.erase(manifest.path);
        kept_.try_emplace(manifest.path, manifest);
      }
    }
    return {};
  }

  Result<> gather_files() {
    for (const auto& [path, manifest] : manifests_) {
      const auto files = reachable_.files_of(io_, before_, manifest);
      if (!files && files.error().code == Errc::not_found) continue;
      if (!files) return std::unexpected(files.error());
      paths_.insert((*files)->begin(), (*files)->end());
      any_file_ = any_file_ || !(*files)->empty();
    }
    return {};
  }

  Result<> strike_kept_files() {
    if (!any_file_) return {};
    for (const auto& [path, manifest] : kept_) {
      TL_ASSIGN(const auto files, reachable_.files_of(io_, after_, manifest));
      for (const auto& file : *files) paths_.erase(file);
    }
    return {};
  }

  const TableMetadata& before_;
  const TableMetadata& after_;
  FileIo& io_;
  ReachableFiles& reachable_;
  std::map<std::string, ManifestFile> manifests_, kept_;  // by path
  std::set<std::string> paths_;
  bool any_file_ = false;
};

}  // namespace

Result<ReachableFiles::Manifests> ReachableFiles::manifests_of(FileIo& io,
                                                               const Snapshot& snapshot) {
  if (auto known = manifests_.find(snapshot.manifest_list)) return known;
  TL_ASSIGN(auto manifests, read_manifest_list(io, snapshot));
  std::size_t bytes = 0;
  for (auto& manifest : manifests) {
    manifest.partitions.clear();
    bytes += sizeof manifest + manifest.path.size();
  }
  auto shared = std::make_shared<const std::vector<ManifestFile>>(std::move(manifests));
  manifests_.put(snapshot.manifest_list, shared, bytes);
  return shared;
}

Result<ReachableFiles::Paths> ReachableFiles::files_of(FileIo& io, const TableMetadata& metadata,
                                                       const ManifestFile& manifest) {
  if (auto known = files_.find(manifest.path)) return known;
  TL_ASSIGN(auto entries, read_manifest(metadata, io, manifest));
  std::vector<std::string> paths;
  std::size_t bytes = 0;
  for (auto& entry : entries) {
    if (entry.status == EntryStatus::deleted) continue;
    bytes += sizeof(std::string) + entry.file.path.size();
    paths.push_back(std::move(entry.file.path));
  }
  auto shared = std::make_shared<const std::vector<std::string>>(std::move(paths));
  files_.put(manifest.path, shared, bytes);
  return shared;
}

Result<std::vector<std::string>> unreachable_files(const TableMetadata& before,
                                                   const TableMetadata& after, FileIo& io,
                                                   ReachableFiles& reachable) {
  return Sweep(before, after, io, reachable).run();
}

std::vector<std::string> statistics_paths(const std::string& json) {
  std::vector<std::string> paths;
  const auto entries = nlohmann::json::parse(json, nullptr, false);
  if (!entries.is_array()) return paths;
  for (const auto& entry : entries) {
    if (const auto* path = json::find(entry, "statistics-path"); path && path->is_string())
      paths.push_back(path->get<std::string>());
  }
  return paths;
}

}  // namespace tradelake::iceberg
