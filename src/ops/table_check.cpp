#include "ops/table_check.h"

#include <algorithm>
#include <map>

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include "core/time.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::int64_t many_snapshots = 10'000, many_small_files = 1'000;
constexpr std::int64_t sample = 20;  // files per table
constexpr std::size_t most_shown = 3;

bool is_over(Deadline deadline) {
  return std::chrono::steady_clock::now() >= deadline;
}

void look_at_file(iceberg::FileIo& io, const iceberg::DataFile& file, TableCensus& census) {
  ++census.looked_at;
  const auto stored = io.open(file.path);
  if (!stored) {
    census.wrong.push_back(stored.error().code == Errc::not_found ? file.path + " is missing"
                                                                  : stored.error().message);
    return;
  }
  const auto size = (*stored)->GetSize().ValueOr(-1);
  if (size != file.size_bytes)
    census.wrong.push_back(
        fmt::format("{} has {} bytes, not {}", file.path, size, file.size_bytes));
}

Result<TableCensus> count(iceberg::FileIo& io, const iceberg::TableMetadata& metadata,
                          Deadline deadline) {
  TableCensus census;
  census.snapshots = static_cast<std::int64_t>(metadata.snapshots.size());
  const auto* head = metadata.current_snapshot();
  if (head == nullptr) return census;
  TL_ASSIGN(auto manifests, iceberg::read_manifest_list(io, *head));
  std::ranges::sort(manifests, std::greater(), &iceberg::ManifestFile::sequence_number);
  std::map<std::string, std::int64_t> small_by_partition;
  for (const auto& manifest : manifests) {
    if (is_over(deadline)) {
      census.all_counted = false;
      break;
    }
    TL_ASSIGN(const auto entries, iceberg::read_manifest(metadata, io, manifest));
    for (const auto& entry : entries) {
      if (entry.status == iceberg::EntryStatus::deleted) continue;
      const auto& file = entry.file;
      ++census.files;
      census.bytes += file.size_bytes;
      // By folder: files of one partition share it.
      if (file.size_bytes < small_file_bytes) {
        ++census.small_files;
        auto& small = small_by_partition[file.path.substr(0, file.path.rfind('/'))];
        census.most_small_in_a_partition = std::max(census.most_small_in_a_partition, ++small);
      }
      if (census.looked_at < sample && !is_over(deadline)) look_at_file(io, file, census);
    }
  }
  return census;
}

// A commit or maintenance may have replaced files meanwhile: what is wrong must be wrong of a head
// that is still the head.
Result<TableCensus> count_again_if_moved(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                         const iceberg::Table& table, Deadline deadline) {
  auto census = count(io, *table.metadata, deadline);
  if (census && census->wrong.empty()) return census;
  TL_ASSIGN(const auto now, iceberg::load_table(catalog, io, table.ident));
  if (now.metadata_location == table.metadata_location) return census;
  return count(io, *now.metadata, deadline);
}

}  // namespace

Check judge_table(const std::string& name, const TableCensus& census) {
  Check check{"table " + name};
  if (!census.wrong.empty()) {
    const auto shown = std::span(census.wrong).first(std::min(census.wrong.size(), most_shown));
    check.status = CheckStatus::failed;
    check.detail = fmt::format("{} of {} files that were looked at are not as the table says: {}",
                               census.wrong.size(), census.looked_at, fmt::join(shown, "; "));
    check.action = "restore these files from a copy; rows in them cannot be read";
    return check;
  }
  check.detail =
      census.snapshots == 0
          ? "empty"
          : fmt::format("last commit {} ago, {} snapshots, {}{} files of {}, {} of them under {}",
                        time_text(std::max<std::int64_t>(census.last_snapshot_age_us, 0)),
                        census.snapshots, census.all_counted ? "" : "more than ", census.files,
                        bytes_text(census.bytes), census.small_files, bytes_text(small_file_bytes));
  if (census.snapshots > many_snapshots) {
    check.status = CheckStatus::warning;
    check.action =
        "expire old snapshots (Spark: `expire_snapshots`): every commit writes the list of all";
  } else if (census.small_files > many_small_files) {
    check.status = CheckStatus::warning;
    check.detail += fmt::format(" (up to {} in one partition)", census.most_small_in_a_partition);
    check.action = "compact the table (Spark: `rewrite_data_files`): readers open every file";
  }
  return check;
}

std::vector<Check> check_tables(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                const TableHeads& heads, std::int64_t now_us, Deadline deadline) {
  std::vector<Check> checks;
  for (const auto& head : heads.tables) {
    if (!head.table || !head.agrees) continue;  // told by judge_heads()
    const auto name = to_string(head.ident);
    auto census = count_again_if_moved(catalog, io, *head.table, deadline);
    if (!census) {
      checks.push_back(
          {"table " + name, CheckStatus::failed, census.error().message,
           "restore the file from a copy, or roll the table back to a snapshot without "
           "it (docs/operations.md, \"Head and progress disagree\")"});
      continue;
    }
    if (const auto* snapshot = head.table->metadata->current_snapshot())
      census->last_snapshot_age_us = now_us - snapshot->timestamp_ms * us_per_ms;
    checks.push_back(judge_table(name, *census));
  }
  return checks;
}

}  // namespace tradelake::ops
