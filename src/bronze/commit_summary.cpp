#include "bronze/commit_summary.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>

#include "bronze/offsets_json.h"

namespace tradelake::bronze {
namespace {

constexpr const char* commit_id_key = "tradelake.commit-id";
constexpr const char* offsets_key = "tradelake.offsets";
constexpr const char* greatest_key = "tradelake.max-trade-time-us";
constexpr const char* pipeline_key = "tradelake.pipeline";
constexpr const char* counted_key = "tradelake.in";
constexpr const char* maintenance_key = "tradelake.maintenance";
constexpr std::string_view tag_prefix = "tradelake-";

// The newest snapshot that a pipeline's tag keeps, or nullptr.
const iceberg::Snapshot* tagged_commit(const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* newest = nullptr;
  for (const auto& [name, ref] : metadata.refs) {
    const auto* snapshot = metadata.find_snapshot(ref.snapshot_id);
    if (!ref.tag || !name.starts_with(tag_prefix) || snapshot == nullptr ||
        !snapshot->summary.contains(commit_id_key)) {
      continue;
    }
    if (newest == nullptr || snapshot->sequence_number > newest->sequence_number) newest = snapshot;
  }
  return newest;
}

// The nearest ancestor of the head that one of our pipelines wrote, or nullptr.
const iceberg::Snapshot* last_commit(const iceberg::TableMetadata& metadata) {
  const auto* snapshot = metadata.current_snapshot();
  while (snapshot != nullptr && !snapshot->summary.contains(commit_id_key)) {
    if (!snapshot->parent_id) return nullptr;
    const auto* parent = metadata.find_snapshot(*snapshot->parent_id);
    // Snapshots of other writers between it and the head have expired; its tag has kept it.
    if (parent == nullptr) return tagged_commit(metadata);
    snapshot = parent;
  }
  return snapshot;
}

log::NextOffsets offsets_of(const iceberg::Snapshot& snapshot) {
  const auto found = snapshot.summary.find(offsets_key);
  if (found == snapshot.summary.end()) return {};
  return offsets_from_json(found->second).value_or(log::NextOffsets());
}

// Partitions that this commit does not move are as they were: other processes read them, perhaps
// without our knowing it yet. The greatest trade_time of all counts.
void carry_over(const std::set<log::TopicPartition>& moved, const iceberg::TableMetadata& base,
                std::map<std::string, std::string>& summary) {
  const auto* before = last_commit(base);
  if (before == nullptr) return;
  auto offsets = offsets_from_json(summary[offsets_key]).value_or(log::NextOffsets());
  for (const auto& [where, next_offset] : offsets_of(*before)) {
    if (!moved.contains(where)) offsets[where] = std::max(offsets[where], next_offset);
  }
  summary[offsets_key] = offsets_to_json(offsets);
  const auto greatest = before->summary.find(greatest_key);
  if (greatest == before->summary.end()) return;
  auto& ours = summary.try_emplace(greatest_key, greatest->second).first->second;
  // Numbers of as many digits, from 2009 on.
  ours = std::max(ours, greatest->second);
}

iceberg::SnapshotNote note_of(const std::string& pipeline, const std::string& commit_id,
                              const log::NextOffsets& offsets,
                              std::span<const iceberg::ProgressUpdate> updates) {
  iceberg::SnapshotNote note;
  note.summary = {{pipeline_key, pipeline},
                  {commit_id_key, commit_id},
                  {offsets_key, offsets_to_json(offsets)}};
  note.tag = commit_tag(pipeline);
  std::set<log::TopicPartition> moved;
  for (const auto& update : updates) moved.insert({update.updated.topic, update.updated.partition});
  note.carry = [moved = std::move(moved)](const auto& base, auto& summary) {
    carry_over(moved, base, summary);
  };
  return note;
}

}  // namespace

CommitCounts& CommitCounts::operator+=(const CommitCounts& other) {
  in += other.in;
  ok += other.ok;
  dead += other.dead;
  filtered += other.filtered;
  expired += other.expired;
  return *this;
}

std::string new_commit_id() {
  std::random_device random;
  const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return fmt::format("{:016x}{:016x}", word(), word());
}

iceberg::SnapshotNote commit_note(const std::string& pipeline, const std::string& commit_id,
                                  const Positions& positions,
                                  std::span<const iceberg::ProgressUpdate> updates) {
  auto note = note_of(pipeline, commit_id, positions.reached_offsets(), updates);
  if (const auto greatest = positions.max_trade_time_us())
    note.summary[greatest_key] = fmt::to_string(*greatest);
  return note;
}

iceberg::SnapshotNote repair_note(const std::string& pipeline, const std::string& commit_id,
                                  std::span<const iceberg::ProgressUpdate> updates) {
  log::NextOffsets offsets;
  for (const auto& [expected, updated] : updates)
    offsets[{updated.topic, updated.partition}] = updated.next_offset;
  return note_of(pipeline, commit_id, offsets, updates);
}

iceberg::SnapshotNote maintenance_note(const iceberg::TableMetadata& table,
                                       const std::string& what) {
  iceberg::SnapshotNote note;
  note.summary = {{maintenance_key, what}};
  if (const auto* commit = last_commit(table); commit != nullptr) {
    const auto pipeline = commit->summary.find(pipeline_key);
    if (pipeline != commit->summary.end()) note.tag = commit_tag(pipeline->second);
  }
  note.carry = [](const iceberg::TableMetadata& base, std::map<std::string, std::string>& summary) {
    const auto* before = last_commit(base);
    if (before == nullptr) return;
    for (const char* key : {pipeline_key, commit_id_key, offsets_key, greatest_key}) {
      const auto found = before->summary.find(key);
      if (found != before->summary.end()) summary[key] = found->second;
    }
  };
  return note;
}

void add_counts(iceberg::SnapshotNote& note, const CommitCounts& counts) {
  note.summary[counted_key] = fmt::to_string(counts.in);
  note.summary["tradelake.ok"] = fmt::to_string(counts.ok);
  note.summary["tradelake.dead"] = fmt::to_string(counts.dead);
  note.summary["tradelake.filtered"] = fmt::to_string(counts.filtered);
  note.summary["tradelake.expired"] = fmt::to_string(counts.expired);
}

std::optional<CommitFacts> commit_facts(const iceberg::Snapshot& snapshot) {
  const auto id = snapshot.summary.find(commit_id_key);
  if (id == snapshot.summary.end()) return std::nullopt;
  const bool counted = snapshot.summary.contains(counted_key);
  CommitFacts facts{&snapshot,
                    id->second,
                    offsets_of(snapshot),
                    {},
                    !counted && !snapshot.summary.contains(maintenance_key)};
  const auto greatest = snapshot.summary.find(greatest_key);
  std::int64_t number = 0;
  if (greatest != snapshot.summary.end()) {
    const auto& text = greatest->second;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{})
      facts.max_trade_time_us = number;
  }
  return facts;
}

std::string commit_tag(const std::string& pipeline) {
  return std::string(tag_prefix) + pipeline;
}

Result<> check_head(const iceberg::Table& table, const std::string& pipeline,
                    const std::optional<std::string>& commit_id_on_record,
                    std::span<const iceberg::ProgressRow> progress) {
  const auto stop = [&](const std::string& what) {
    return make_error(Errc::corrupt,
                      "pipeline {}: the head of {} {}; the table was moved without its progress. "
                      "Roll both back together: tradelake table rollback (docs/operations.md, "
                      "\"Head and progress disagree\")",
                      pipeline, to_string(table.ident), what);
  };
  const auto* ours = last_commit(*table.metadata);
  const std::string found = ours == nullptr ? no_commit : ours->summary.at(commit_id_key);
  const std::string expected = commit_id_on_record.value_or(no_commit);
  if (found != expected) {
    return stop(fmt::format("carries commit {}, the catalog's record says {}", found, expected));
  }
  if (ours == nullptr) return {};
  for (const auto& [where, next_offset] : offsets_of(*ours)) {
    const auto row = std::ranges::find_if(progress, [&](const iceberg::ProgressRow& one) {
      return one.topic == where.topic && one.partition == where.partition;
    });
    const std::int64_t committed = row == progress.end() ? 0 : row->next_offset;
    if (next_offset > committed) {
      return stop(fmt::format("reaches offset {} of {} partition {}, the catalog's record says {}",
                              next_offset, where.topic, where.partition, committed));
    }
  }
  return {};
}

}  // namespace tradelake::bronze
