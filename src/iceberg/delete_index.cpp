#include "iceberg/delete_index.h"

#include <algorithm>

#include "iceberg/manifest_avro.h"
#include "iceberg/position_deletes.h"

namespace tradelake::iceberg {

namespace {

const std::string* path_bound(const std::map<FieldId, std::string>& bounds) {
  const auto it = bounds.find(delete_path_id);
  return it == bounds.end() ? nullptr : &it->second;
}

bool may_name(const DataFile& deletes, const std::string& path) {
  const auto* lower = path_bound(deletes.lower_bounds);
  const auto* upper = path_bound(deletes.upper_bounds);
  return (lower == nullptr || *lower <= path) && (upper == nullptr || *upper >= path);
}

}  // namespace

Result<> DeleteIndex::add(const TableMetadata& metadata, FileIo& io, const ManifestFile& manifest,
                          SequenceNumber after) {
  TL_ASSIGN(auto entries, read_manifest(metadata, io, manifest));
  const PartitionSpec& spec = *metadata.find_spec(manifest.spec_id);  // read_manifest() has it too
  for (ManifestEntry& entry : entries) {
    if (entry.status == EntryStatus::deleted || *entry.sequence_number <= after) continue;
    if (entry.file.content == FileContent::data) {
      return make_error(Errc::corrupt, "{} is a data file, but in manifest {} of delete files",
                        entry.file.path, manifest.path);
    }
    add(spec, std::move(entry));
  }
  return {};
}

void DeleteIndex::add(const PartitionSpec& spec, ManifestEntry entry) {
  const auto content = entry.file.content;
  const Deletes deletes{*entry.sequence_number,
                        std::make_shared<const DataFile>(std::move(entry.file))};
  const DataFile& file = *deletes.file;
  if (content == FileContent::equality_deletes && is_unpartitioned(spec)) {
    global_.push_back(deletes);
    return;
  }
  auto scope = partition_key(file.spec_id, file.partition);
  const auto* lower = path_bound(file.lower_bounds);
  const auto* upper = path_bound(file.upper_bounds);
  if (content == FileContent::position_deletes && lower != nullptr && upper != nullptr &&
      *lower == *upper) {
    scope += *lower;
  }
  by_scope_[scope].push_back(deletes);
}

std::vector<std::shared_ptr<const DataFile>> DeleteIndex::of(const DataFile& data,
                                                             SequenceNumber sequence_number) const {
  std::vector<std::shared_ptr<const DataFile>> found;
  const auto take = [&](const std::vector<Deletes>& all) {
    for (const Deletes& deletes : all) {
      // A position may be one in a file of the same commit, equal values are only of earlier ones.
      const bool applies =
          deletes.file->content == FileContent::position_deletes
              ? deletes.sequence_number >= sequence_number && may_name(*deletes.file, data.path)
              : deletes.sequence_number > sequence_number;
      if (applies) found.push_back(deletes.file);
    }
  };
  take(global_);
  if (by_scope_.empty()) return found;
  const auto partition = partition_key(data.spec_id, data.partition);
  for (const auto& scope : {partition, partition + data.path}) {
    if (const auto it = by_scope_.find(scope); it != by_scope_.end()) take(it->second);
  }
  return found;
}

}  // namespace tradelake::iceberg
