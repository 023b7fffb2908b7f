#include "api/file_index.h"

#include <algorithm>

#include "iceberg/column_bounds.h"
#include "iceberg/delete_index.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"

namespace tradelake::api {
namespace {

using namespace iceberg;

template <class T>
std::optional<T> bound_of(const std::map<FieldId, std::string>& bounds, const NestedField* field) {
  return field == nullptr ? std::nullopt : bound_as<T>(bounds, field->id, *field->type);
}

IndexedFile index(const Schema& schema, const std::string& time_column, ManifestEntry entry) {
  IndexedFile indexed;
  auto& file = entry.file;
  const auto* time = schema.find(time_column);
  indexed.first_us = bound_of<std::int64_t>(file.lower_bounds, time).value_or(INT64_MIN);
  indexed.last_us = bound_of<std::int64_t>(file.upper_bounds, time).value_or(INT64_MAX);
  const auto* category = schema.find("category");
  indexed.least_category = bound_of<std::string>(file.lower_bounds, category);
  indexed.greatest_category = bound_of<std::string>(file.upper_bounds, category);
  const auto* symbol = schema.find("symbol");
  indexed.least_symbol = bound_of<std::string>(file.lower_bounds, symbol);
  indexed.greatest_symbol = bound_of<std::string>(file.upper_bounds, symbol);
  // Most of an entry's memory, and of no use any more.
  file.column_sizes.clear();
  file.value_counts.clear();
  file.null_value_counts.clear();
  file.nan_value_counts.clear();
  file.lower_bounds.clear();
  file.upper_bounds.clear();
  indexed.file = {std::move(file), *entry.sequence_number, {}};
  return indexed;
}

// The entry of a manifest is every head's, its deletes are this one's.
void attach(const DeleteIndex& deletes, std::shared_ptr<const IndexedFile>& file) {
  auto found = deletes.of(file->file.file, file->file.sequence_number);
  if (found.empty()) return;
  auto copy = std::make_shared<IndexedFile>(*file);
  copy->file.deletes = std::move(found);
  file = std::move(copy);
}

}  // namespace

bool IndexedFile::may_hold(std::string_view category, std::string_view symbol) const {
  return !(least_category && category < *least_category) &&
         !(greatest_category && category > *greatest_category) &&
         !(least_symbol && symbol < *least_symbol) &&
         !(greatest_symbol && symbol > *greatest_symbol);
}

Result<std::shared_ptr<const FileIndex::Files>> FileIndex::of_manifest(
    const TableMetadata& metadata, const ManifestFile& manifest) {
  if (auto known = manifests_.find(manifest.path)) return known;
  TL_ASSIGN(auto entries, read_manifest(metadata, io_, manifest));
  Files files;
  for (auto& entry : entries) {
    if (entry.status == EntryStatus::deleted) continue;
    files.push_back(std::make_shared<const IndexedFile>(
        index(metadata.schema(), time_column_, std::move(entry))));
  }
  const std::size_t bytes = 1024 + files.size() * 1024;
  auto shared = std::make_shared<const Files>(std::move(files));
  manifests_.put(manifest.path, shared, bytes);
  return shared;
}

Result<std::shared_ptr<const FileIndex::Files>> FileIndex::files(const Table& table) {
  {
    const std::lock_guard lock(mutex_);
    if (files_ && metadata_location_ == table.metadata_location) return files_;
  }
  Files files;
  if (const auto* snapshot = table.metadata->current_snapshot()) {
    TL_ASSIGN(const auto manifests, read_manifest_list(io_, *snapshot));
    DeleteIndex deletes;
    for (const auto& manifest : manifests) {
      if (manifest.added_files_count == 0 && manifest.existing_files_count == 0) continue;
      if (manifest.content == ManifestContent::deletes) {
        TL_TRY(deletes.add(*table.metadata, io_, manifest));
        continue;
      }
      TL_ASSIGN(const auto of_one, of_manifest(*table.metadata, manifest));
      files.insert(files.end(), of_one->begin(), of_one->end());
    }
    for (auto& file : files) attach(deletes, file);
  }
  std::ranges::stable_sort(files, std::ranges::greater{},
                           [](const auto& file) { return file->last_us; });
  const std::lock_guard lock(mutex_);
  metadata_location_ = table.metadata_location;
  files_ = std::make_shared<const Files>(std::move(files));
  return files_;
}

}  // namespace tradelake::api
