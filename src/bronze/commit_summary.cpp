#include "bronze/commit_summary.h"

#include <random>

#include <fmt/format.h>

namespace tradelake::bronze {
namespace {

constexpr const char* commit_id_key = "tradelake.commit-id";

}  // namespace

CommitCounts& CommitCounts::operator+=(const CommitCounts& other) {
  in += other.in;
  ok += other.ok;
  dead += other.dead;
  filtered += other.filtered;
  return *this;
}

std::string new_commit_id() {
  std::random_device random;
  const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return fmt::format("{:016x}{:016x}", word(), word());
}

std::string progress_tag(const std::string& pipeline) {
  return "tradelake-" + pipeline;
}

std::map<std::string, std::string> commit_summary(const std::string& pipeline,
                                                  const std::string& commit_id,
                                                  const Positions& positions,
                                                  const CommitCounts& counts) {
  std::map<std::string, std::string> summary{
      {"tradelake.pipeline", pipeline},
      {commit_id_key, commit_id},
      {"tradelake.offsets", positions.offsets_json()},
      {"tradelake.in", fmt::to_string(counts.in)},
      {"tradelake.ok", fmt::to_string(counts.ok)},
      {"tradelake.dead", fmt::to_string(counts.dead)},
      {"tradelake.filtered", fmt::to_string(counts.filtered)},
  };
  if (const auto greatest = positions.max_trade_time_us()) {
    summary["tradelake.max-trade-time-us"] = fmt::to_string(*greatest);
  }
  return summary;
}

Result<> check_head(const iceberg::Table& table, const std::string& pipeline,
                    const std::optional<std::string>& commit_id_on_record) {
  const auto* snapshot = table.metadata->current_snapshot();
  while (snapshot != nullptr && !snapshot->summary.contains(commit_id_key)) {
    snapshot = snapshot->parent_id ? table.metadata->find_snapshot(*snapshot->parent_id) : nullptr;
  }
  const std::string found = snapshot == nullptr ? "none" : snapshot->summary.at(commit_id_key);
  const std::string expected = commit_id_on_record.value_or("none");
  if (found == expected) return {};
  return make_error(Errc::corrupt,
                    "pipeline {}: the head of {} carries commit {}, the catalog's record says {}; "
                    "the table was moved "
                    "without its progress. Roll both back together (docs/operations.md, \"Head and "
                    "progress disagree\")",
                    pipeline, to_string(table.ident), found, expected);
}

}  // namespace tradelake::bronze
