#include "bronze/spark_commit.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "bronze/offsets_json.h"

namespace tradelake::bronze {
namespace {

constexpr const char* engine_key = "tradelake.engine";
constexpr const char* tables_key = "tradelake.tables";
constexpr const char* topic_ids_key = "tradelake.topic-ids";
constexpr const char* greatest_key = "tradelake.max-trade-times";
constexpr const char* lost_key = "tradelake.lost-until";

std::string_view line(const iceberg::Snapshot& snapshot, const char* key) {
  const auto found = snapshot.summary.find(key);
  return found == snapshot.summary.end() ? std::string_view() : std::string_view(found->second);
}

// Both are numbers by partition.
log::NextOffsets numbers(const iceberg::Snapshot& snapshot, const char* key) {
  return offsets_from_json(line(snapshot, key)).value_or(log::NextOffsets());
}

std::optional<std::int64_t> at(const log::NextOffsets& numbers, const log::TopicPartition& where) {
  const auto found = numbers.find(where);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> tables_of(const iceberg::Snapshot& snapshot) {
  std::vector<std::string> tables;
  const auto json = nlohmann::json::parse(line(snapshot, tables_key), nullptr, false);
  if (!json.is_array()) return tables;
  for (const auto& name : json) {
    if (name.is_string()) tables.push_back(name.get<std::string>());
  }
  return tables;
}

std::vector<iceberg::ProgressRow> partitions_of(const iceberg::Snapshot& snapshot,
                                                const log::NextOffsets& offsets) {
  const auto ids = nlohmann::json::parse(line(snapshot, topic_ids_key), nullptr, false);
  const auto greatest = numbers(snapshot, greatest_key);
  const auto lost = numbers(snapshot, lost_key);
  std::vector<iceberg::ProgressRow> rows;
  for (const auto& [where, next_offset] : offsets) {
    iceberg::ProgressRow row;
    row.topic = where.topic;
    row.partition = where.partition;
    row.next_offset = next_offset;
    if (ids.is_object()) {
      const auto id = ids.find(where.topic);
      if (id != ids.end() && id->is_string()) row.topic_id = id->get<std::string>();
    }
    row.max_trade_time_us = at(greatest, where);
    row.lost_until_us = at(lost, where);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

// Maintenance says the commit's id again, but not who made it.
std::optional<SparkCommit> spark_commit(const iceberg::TableMetadata& table,
                                        const std::string& commit_id) {
  for (const auto& snapshot : table.snapshots) {
    const auto facts = commit_facts(snapshot);
    if (!facts || facts->commit_id != commit_id || line(snapshot, engine_key) != "spark") continue;
    return SparkCommit{commit_id, tables_of(snapshot), partitions_of(snapshot, facts->offsets)};
  }
  return std::nullopt;
}

}  // namespace tradelake::bronze
