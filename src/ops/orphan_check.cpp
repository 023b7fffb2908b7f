#include "ops/orphan_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

// Everything that some snapshot of the table needs, or its history names. Errors: also cancelled.
Result<std::set<std::string>> referred_files(iceberg::FileIo& io, const iceberg::Table& table,
                                             Deadline deadline) {
  const auto& metadata = *table.metadata;
  std::set<std::string> files{table.metadata_location}, manifests_read;
  for (const auto& entry : metadata.metadata_log) files.insert(entry.metadata_file);
  for (const auto& snapshot : metadata.snapshots) {
    files.insert(snapshot.manifest_list);
    TL_ASSIGN(const auto manifests, iceberg::read_manifest_list(io, snapshot));
    for (const auto& manifest : manifests) {
      if (std::chrono::steady_clock::now() >= deadline)
        return make_error(Errc::cancelled, "the time is over");
      if (!manifests_read.insert(manifest.path).second) continue;
      files.insert(manifest.path);
      TL_ASSIGN(const auto entries, iceberg::read_manifest(metadata, io, manifest));
      for (const auto& entry : entries) files.insert(entry.file.path);
    }
  }
  return files;
}

Result<Orphans> look_at_table(iceberg::FileIo& io, const iceberg::Table& table, std::int64_t now_us,
                              Deadline deadline) {
  const auto& metadata = *table.metadata;
  TL_ASSIGN(auto listed, io.list(metadata.location));
  std::erase_if(listed, [&](const iceberg::FileStatus& file) {
    return metadata.statistics_json.contains(file.uri) ||
           metadata.partition_statistics_json.contains(file.uri);
  });
  // A young table has no old files, and then its snapshots need not be read.
  if (count_orphans(listed, {}, now_us).files == 0) return Orphans{};
  TL_ASSIGN(const auto referred, referred_files(io, table, deadline));
  return count_orphans(listed, referred, now_us);
}

}  // namespace

Orphans count_orphans(std::span<const iceberg::FileStatus> listed,
                      const std::set<std::string>& referred, std::int64_t now_us) {
  Orphans orphans;
  for (const auto& file : listed) {
    if (file.modified_us > now_us - orphan_age_us || referred.contains(file.uri)) continue;
    ++orphans.files;
    orphans.bytes += file.size_bytes;
  }
  return orphans;
}

Check check_orphans(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                    Deadline deadline) {
  Orphans all;
  std::int64_t unfinished = 0;
  for (const auto& head : heads.tables) {
    if (!head.table) continue;
    const auto found = look_at_table(io, *head.table, now_us, deadline);
    if (!found) {
      ++unfinished;
      continue;
    }
    all.files += found->files;
    all.bytes += found->bytes;
  }
  Check check{"orphans", all.files == 0 && unfinished == 0 ? CheckStatus::ok : CheckStatus::info,
              fmt::format("{} files of {} that no snapshot refers to, older than {}", all.files,
                          bytes_text(all.bytes), time_text(orphan_age_us))};
  if (unfinished > 0)
    check.detail += fmt::format("; {} tables could not be looked through in time", unfinished);
  return check;
}

}  // namespace tradelake::ops
