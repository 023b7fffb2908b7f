#include "faults/table_history.h"

#include <arrow/api.h>
#include <nlohmann/json.hpp>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/scan.h"

namespace tradelake::faults {
namespace {

std::int64_t number(const std::map<std::string, std::string>& summary, const char* key) {
  const auto found = summary.find(key);
  return found == summary.end() ? 0 : std::stoll(found->second);
}

std::map<log::TopicPartition, std::int64_t> offsets_of(const iceberg::Snapshot& snapshot) {
  std::map<log::TopicPartition, std::int64_t> offsets;
  const auto json = nlohmann::json::parse(snapshot.summary.at("tradelake.offsets"));
  for (const auto& [topic, partitions] : json.items()) {
    for (const auto& [partition, next] : partitions.items())
      offsets[{topic, std::stoi(partition)}] = next.get<std::int64_t>();
  }
  return offsets;
}

}  // namespace

TableHistory::TableHistory(World& world, iceberg::Catalog& catalog,
                           const iceberg::TableIdent& ident, std::vector<std::string>& findings)
    : world_(world), ident_(ident), findings_(findings) {
  auto table = iceberg::load_table(catalog, world.files, ident);
  if (!table) {
    finding(table.error().message);
    return;
  }
  table_ = *std::move(table);
  const auto& metadata = *table_.metadata;
  std::optional<iceberg::SnapshotId> parent;
  for (const auto& snapshot : metadata.snapshots) {
    if (snapshot.parent_id != parent) finding("the ancestors are no line");
    parent = snapshot.id;
    look(snapshot);
  }
  if (metadata.current_snapshot_id != parent) finding("the head is not the last snapshot");
  std::string on_record = "none", last = "none";
  const std::string pipeline = ident.name_space;
  const auto commits = *catalog.table_commits(pipeline);
  for (const auto& commit : commits) {
    if (commit.table == ident) on_record = commit.commit_id;
  }
  if (!metadata.snapshots.empty())
    last = metadata.snapshots.back().summary.at("tradelake.commit-id");
  if (on_record != last) finding("the catalog's last commit is not the head's");
}

void TableHistory::finding(const std::string& text) {
  findings_.push_back(to_string(ident_) + ": " + text);
}

void TableHistory::look(const iceberg::Snapshot& snapshot) {
  SnapshotView view{&snapshot, offsets_of(snapshot), {}};
  const auto manifests = iceberg::read_manifest_list(world_.files, snapshot);
  if (!manifests) return finding(manifests.error().message);
  for (const auto& manifest : *manifests) {
    const auto entries = iceberg::read_manifest(*table_.metadata, world_.files, manifest);
    if (!entries) {
      finding(entries.error().message);
      continue;
    }
    for (const auto& entry : *entries) {
      if (entry.status == iceberg::EntryStatus::added && entry.snapshot_id == snapshot.id &&
          !added_.emplace(entry.file.path, snapshot.id.value).second)
        finding("added twice: " + entry.file.path);
      if (entry.status == iceberg::EntryStatus::deleted) continue;
      const auto file = world_.files.files.find(entry.file.path);
      if (file == world_.files.files.end() ||
          std::cmp_not_equal(file->second.size(), entry.file.size_bytes))
        finding("missing, or of another size: " + entry.file.path);
      view.files.push_back(entry.file);
    }
  }
  check_summary(view);
  snapshots_.push_back(std::move(view));
}

void TableHistory::check_summary(const SnapshotView& view) {
  const auto& summary = view.snapshot->summary;
  const auto in = number(summary, "tradelake.in"), ok = number(summary, "tradelake.ok"),
             dead = number(summary, "tradelake.dead"),
             filtered = number(summary, "tradelake.filtered");
  if (in != ok + dead + filtered)
    finding(fmt::format("in {} is not ok {} + dead {} + filtered {}", in, ok, dead, filtered));
  const auto added = number(summary, "added-records");
  if (ident_.name == "trades" && added != ok) finding(fmt::format("ok {} but {} added", ok, added));
  if (ident_.name == "dead_letters" && added != dead)
    finding(fmt::format("dead {} but {} added", dead, added));
  if (!commits_.emplace(summary.at("tradelake.commit-id"), view.snapshot->id.value).second)
    finding("one commit twice");
  if (snapshots_.empty()) return;
  for (const auto& [where, before] : snapshots_.back().offsets) {
    const auto now = view.offsets.find(where);
    if (now == view.offsets.end() || now->second < before) {
      finding(fmt::format("offsets of {}/{} go back from {} to {}", where.topic, where.partition,
                          before, now == view.offsets.end() ? 0 : now->second));
    }
  }
}

std::shared_ptr<arrow::Table> TableHistory::read(const iceberg::DataFile& file,
                                                 const std::vector<std::string>& columns) {
  auto rows = iceberg::read_data_file(*table_.metadata, world_.files, file, columns, {});
  if (!rows) {
    finding(rows.error().message);
    return nullptr;
  }
  if ((*rows)->num_rows() != file.record_count) finding("another number of rows: " + file.path);
  return *rows;
}

}  // namespace tradelake::faults
