#include "iceberg/snapshot_builder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/time.h"
#include "iceberg/delete_index.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/manifest_merge.h"
#include "iceberg/partition_summary.h"
#include "iceberg/random_id.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {
namespace {

bool has_live_files(const ManifestFile& manifest) {
  return manifest.added_files_count != 0 || manifest.existing_files_count != 0;
}

bool has_unknown_counts(const ManifestFile& manifest) {
  return std::min({manifest.added_files_count, manifest.existing_files_count,
                   manifest.deleted_files_count}) == unknown_count ||
         std::min({manifest.added_rows_count, manifest.existing_rows_count,
                   manifest.deleted_rows_count}) == unknown_count;
}

void count(const std::vector<ManifestEntry>& entries, ManifestFile& manifest) {
  manifest.added_files_count = manifest.existing_files_count = manifest.deleted_files_count = 0;
  manifest.added_rows_count = manifest.existing_rows_count = manifest.deleted_rows_count = 0;
  for (const auto& entry : entries) {
    switch (entry.status) {
      case EntryStatus::added:
        ++manifest.added_files_count;
        manifest.added_rows_count += entry.file.record_count;
        break;
      case EntryStatus::existing:
        ++manifest.existing_files_count;
        manifest.existing_rows_count += entry.file.record_count;
        break;
      case EntryStatus::deleted:
        ++manifest.deleted_files_count;
        manifest.deleted_rows_count += entry.file.record_count;
        break;
    }
  }
}

// The least data sequence number over live entries; those just added get `current`.
SequenceNumber least_sequence_number(const std::vector<ManifestEntry>& entries,
                                     SequenceNumber current) {
  auto least = current;
  for (const auto& entry : entries) {
    if (entry.status == EntryStatus::existing) least = std::min(least, *entry.sequence_number);
  }
  return least;
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(const TableMetadata& base, FileIo& io, int attempt,
                                 const SnapshotRequest& request)
    : base_(base),
      io_(io),
      attempt_(attempt),
      request_(request),
      folder_(metadata_folder(base)),
      uuid_(random_uuid()),
      sequence_number_(base.last_sequence_number.value + 1) {}

Result<TableMetadata> SnapshotBuilder::build() {
  TL_TRY(check_added());
  TL_TRY(carry_over());
  TL_TRY(remove_paths());
  if (request_.dropped_until) TL_TRY(drop_partitions(*request_.dropped_until));
  TL_TRY(join_fresh());
  TL_TRY(add_files());
  if (request_.operation == "replace" && counters_.added_records() > counters_.removed_records()) {
    return make_error(Errc::invalid_argument,
                      "a replacement of {} rows by {}: allowed are as many or fewer",
                      counters_.removed_records(), counters_.added_records());
  }
  TL_TRY(merge());

  Snapshot snapshot;
  snapshot.id = request_.id;
  snapshot.parent_id = base_.current_snapshot_id;
  snapshot.sequence_number = sequence_number_;
  // Java refuses time that goes back; a clock that was set back must not stop the table.
  snapshot.timestamp_ms = std::max(now_ms(), base_.last_updated_ms);
  snapshot.operation = request_.operation;
  snapshot.schema_id = base_.current_schema_id;
  snapshot.summary = request_.note.summary;
  if (request_.note.carry) request_.note.carry(base_, snapshot.summary);
  snapshot.summary.erase("operation");
  counters_.write(base_.current_snapshot(), snapshot.summary);
  snapshot.manifest_list =
      fmt::format("{}/snap-{}-{}-{}.avro", folder_, snapshot.id.value, attempt_, uuid_);
  TL_ASSIGN(const auto manifests, write_parts());
  TL_TRY(io_.write_new(snapshot.manifest_list, encode_manifest_list(snapshot, manifests)));
  return follow(std::move(snapshot));
}

Result<> SnapshotBuilder::check_added() const {
  std::set<std::string_view> seen;
  for (const auto& file : request_.added) {
    if (!seen.insert(file.path).second) {
      return make_error(Errc::invalid_argument, "{} is added twice", file.path);
    }
    if (file.content != FileContent::data) {
      return make_error(Errc::unsupported, "{} is a delete file; only data files are added",
                        file.path);
    }
    const auto* spec = base_.find_spec(file.spec_id);
    if (spec == nullptr || spec->fields.size() != file.partition.size()) {
      return make_error(Errc::invalid_argument,
                        "{}: has {} partition values of spec {}, which the table does not have so",
                        file.path, file.partition.size(), file.spec_id.value);
    }
  }
  return {};
}

Result<> SnapshotBuilder::carry_over() {
  const auto* parent = base_.current_snapshot();
  if (parent == nullptr) return {};
  TL_ASSIGN(auto manifests, read_manifest_list(io_, *parent));
  for (auto& manifest : manifests) {
    if (has_unknown_counts(manifest)) TL_TRY(fill_unknown_counts(manifest));
    if (!has_live_files(manifest)) continue;  // only deletions that earlier snapshots made
    parts_.push_back({.listed = std::move(manifest), .entries = {}, .bytes = {}});
  }
  return {};
}

Result<> SnapshotBuilder::fill_unknown_counts(ManifestFile& manifest) {
  TL_ASSIGN(const auto entries, read_manifest(base_, io_, manifest));
  count(entries, manifest);
  return {};
}

Result<> SnapshotBuilder::remove_paths() {
  std::set<std::string_view> wanted(request_.removed_paths.begin(), request_.removed_paths.end());
  std::vector<ManifestEntry> removed;
  for (auto& part : parts_) {
    if (wanted.empty()) break;
    if (part.listed.content != ManifestContent::data) continue;
    TL_TRY(remove_from(part, [&](const ManifestEntry& entry) {
      if (wanted.erase(entry.file.path) == 0) return false;
      removed.push_back(entry);
      return true;
    }));
  }
  if (!wanted.empty()) {
    return make_error(Errc::conflict, "{} of {} files to be removed are not in the table, e.g. {}",
                      wanted.size(), request_.removed_paths.size(), *wanted.begin());
  }
  return check_unchanged(removed);
}

Result<> SnapshotBuilder::check_unchanged(const std::vector<ManifestEntry>& removed) const {
  if (!request_.read_at || removed.empty()) return {};
  DeleteIndex later;
  for (const auto& part : parts_) {
    if (part.listed.content != ManifestContent::deletes ||
        part.listed.sequence_number <= *request_.read_at)
      continue;
    TL_TRY(later.add(base_, io_, part.listed, *request_.read_at));
  }
  for (const auto& entry : removed) {
    const auto deletes = later.of(entry.file, *entry.sequence_number);
    if (deletes.empty()) continue;
    return make_error(Errc::conflict, "{} was given deletes ({}) after it was read",
                      entry.file.path, deletes.front()->path);
  }
  return {};
}

Result<> SnapshotBuilder::drop_partitions(const PartitionCutoff& cutoff) {
  bool any = false;
  for (auto& part : parts_) {
    const auto* spec = base_.find_spec(part.listed.spec_id);
    if (part.listed.content != ManifestContent::data || spec == nullptr ||
        !cutoff.may_drop_from(*spec, part.listed)) {
      continue;
    }
    TL_ASSIGN(const bool touched, remove_from(part, [&](const ManifestEntry& entry) {
                return cutoff.drops(*spec, entry.file.partition);
              }));
    any = any || touched;
  }
  if (!any) return make_error(Errc::not_found, "no partition ends before the cut-off");
  return {};
}

Result<bool> SnapshotBuilder::remove_from(Part& part,
                                          const std::function<bool(const ManifestEntry&)>& goes) {
  TL_ASSIGN(auto entries, read_manifest(base_, io_, part.listed));
  bool touched = false;
  std::erase_if(entries, [](const auto& e) { return e.status == EntryStatus::deleted; });
  for (auto& entry : entries) {
    entry.status = EntryStatus::existing;
    if (!goes(entry)) continue;
    touched = true;
    entry.status = EntryStatus::deleted;
    entry.snapshot_id = request_.id;
    counters_.removed(entry.file);
  }
  if (!touched) return false;
  TL_ASSIGN(part, fresh_part(part.listed.spec_id, std::move(entries)));
  return true;
}

Result<> SnapshotBuilder::join_fresh() {
  auto policy = merge_policy(base_.properties);
  policy.min_count = 1;
  std::map<SpecId, std::vector<Part*>> by_spec;
  for (auto& part : parts_) {
    if (part.fresh) by_spec[part.listed.spec_id].push_back(&part);
  }
  std::vector<Part> result;
  for (const auto& [spec_id, parts] : by_spec) TL_TRY(put_merged(parts, policy, result));
  for (auto& part : parts_) {
    if (!part.fresh) result.push_back(std::move(part));
  }
  parts_ = std::move(result);
  return {};
}

Result<> SnapshotBuilder::add_files() {
  std::map<SpecId, std::vector<ManifestEntry>> by_spec;
  for (const auto& file : request_.added) {
    counters_.added(file);
    ManifestEntry entry;
    entry.snapshot_id = request_.id;
    entry.file = file;
    by_spec[file.spec_id].push_back(std::move(entry));
  }
  for (auto& [spec_id, entries] : by_spec) {
    TL_ASSIGN(auto part, fresh_part(spec_id, std::move(entries)));
    parts_.insert(parts_.begin(), std::move(part));
  }
  return {};
}

Result<> SnapshotBuilder::merge() {
  const auto policy = merge_policy(base_.properties);
  std::map<SpecId, std::vector<Part*>> by_spec;
  std::vector<Part> result;
  for (auto& part : parts_) {
    if (part.listed.content == ManifestContent::data) by_spec[part.listed.spec_id].push_back(&part);
  }
  // The specs with the newest manifests first, as before.
  std::vector<SpecId> order;
  for (const auto& part : parts_) {
    if (part.listed.content == ManifestContent::data &&
        std::ranges::find(order, part.listed.spec_id) == order.end()) {
      order.push_back(part.listed.spec_id);
    }
  }
  for (const auto spec_id : order) TL_TRY(put_merged(by_spec[spec_id], policy, result));
  for (auto& part : parts_) {
    if (part.listed.content != ManifestContent::data) result.push_back(std::move(part));
  }
  parts_ = std::move(result);
  return {};
}

Result<> SnapshotBuilder::put_merged(const std::vector<Part*>& parts, const MergePolicy& policy,
                                     std::vector<Part>& result) {
  std::vector<std::int64_t> sizes;
  for (const auto* part : parts) sizes.push_back(part->listed.length_bytes);
  for (const auto& bin : merge_bins(sizes, policy)) {
    if (bin.size() == 1) {
      result.push_back(std::move(*parts[bin[0]]));
      continue;
    }
    std::vector<Part*> of_bin;
    for (const auto index : bin) of_bin.push_back(parts[index]);
    TL_ASSIGN(auto part, merged(of_bin));
    result.push_back(std::move(part));
  }
  return {};
}

Result<SnapshotBuilder::Part> SnapshotBuilder::merged(const std::vector<Part*>& parts) {
  std::vector<ManifestEntry> all;
  for (auto* part : parts) {
    if (!part->fresh) {
      TL_ASSIGN(part->entries, read_manifest(base_, io_, part->listed));
      std::erase_if(part->entries, [](const auto& e) { return e.status == EntryStatus::deleted; });
      for (auto& entry : part->entries) entry.status = EntryStatus::existing;
    }
    std::ranges::move(part->entries, std::back_inserter(all));
  }
  return fresh_part(parts.front()->listed.spec_id, std::move(all));
}

Result<SnapshotBuilder::Part> SnapshotBuilder::fresh_part(SpecId spec_id,
                                                          std::vector<ManifestEntry> entries) {
  const auto* spec = base_.find_spec(spec_id);
  if (spec == nullptr) {
    return make_error(Errc::corrupt, "the table has no partition spec {}", spec_id.value);
  }
  Part part;
  part.fresh = true;
  TL_ASSIGN(part.bytes, encode_manifest(base_, *spec, ManifestContent::data, entries));
  part.listed.length_bytes = static_cast<std::int64_t>(part.bytes.size());
  part.listed.spec_id = spec_id;
  part.listed.sequence_number = sequence_number_;
  part.listed.min_sequence_number = least_sequence_number(entries, sequence_number_);
  part.listed.added_snapshot_id = request_.id;
  count(entries, part.listed);
  part.listed.partitions = summarize_partitions(partition_types(base_, *spec), entries);
  part.entries = std::move(entries);
  return part;
}

Result<std::vector<ManifestFile>> SnapshotBuilder::write_parts() {
  std::vector<ManifestFile> manifests;
  for (auto& part : parts_) {
    if (part.fresh) {
      part.listed.path = new_manifest_path();
      TL_TRY(io_.write_new(part.listed.path, part.bytes));
    }
    manifests.push_back(std::move(part.listed));
  }
  return manifests;
}

TableMetadata SnapshotBuilder::follow(Snapshot snapshot) const {
  TableMetadata next = base_;
  next.last_sequence_number = snapshot.sequence_number;
  next.last_updated_ms = snapshot.timestamp_ms;
  next.current_snapshot_id = snapshot.id;
  next.refs["main"].snapshot_id = snapshot.id;  // its retention settings stay
  if (!request_.note.tag.empty()) {
    auto& tag = next.refs[request_.note.tag];
    tag.snapshot_id = snapshot.id;
    tag.tag = true;
    tag.max_ref_age_ms = std::numeric_limits<std::int64_t>::max();
  }
  next.snapshot_log.push_back({snapshot.id, snapshot.timestamp_ms});
  next.snapshots.push_back(std::move(snapshot));
  return next;
}

std::string SnapshotBuilder::new_manifest_path() {
  return fmt::format("{}/{}-m{}.avro", folder_, uuid_, manifests_named_++);
}

}  // namespace tradelake::iceberg
