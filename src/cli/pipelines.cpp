#include "cli/pipelines.h"

namespace tradelake::cli {
namespace {

bronze::CommitLimits commit_limits(const Settings& settings) {
  bronze::CommitLimits limits;
  limits.max_rows = static_cast<std::size_t>(settings.integer("commit.max_rows"));
  limits.max_bytes = static_cast<std::size_t>(settings.bytes("commit.max_bytes"));
  limits.interval_us = settings.duration_us("commit.interval");
  return limits;
}

std::size_t id_memory(const Settings& settings) {
  return static_cast<std::size_t>(settings.bytes("dedup.memory"));
}

}  // namespace

Result<std::unique_ptr<bronze::Sink>> open_sink(const Settings& settings, const bronze::Lake& lake,
                                                bronze::Role role) {
  auto limits = commit_limits(settings);
  if (role == bronze::Role::follower)
    limits.max_rows = static_cast<std::size_t>(settings.integer("serve.max_rows"));
  return bronze::Sink::open(lake,
                            {limits, settings.duration_us("candles.grace"), id_memory(settings),
                             static_cast<int>(settings.integer("parquet.zstd_level")),
                             settings.duration_us("retention.bronze")},
                            role);
}

Result<std::unique_ptr<silver::Candles>> open_candles(const Settings& settings,
                                                      const bronze::Lake& lake, bronze::Role role) {
  return silver::Candles::open(
      lake, {commit_limits(settings), settings.duration_us("candles.grace"), id_memory(settings)},
      role);
}

const std::vector<std::string>& pipeline_names() {
  static const std::vector<std::string> names{bronze::Sink::pipeline, silver::Candles::pipeline};
  return names;
}

Result<log::NextOffsets> committed_offsets(iceberg::Catalog& catalog, const std::string& pipeline) {
  TL_ASSIGN(const auto rows, catalog.progress(pipeline));
  log::NextOffsets committed;
  for (const auto& row : rows) committed[{row.topic, row.partition}] = row.next_offset;
  return committed;
}

}  // namespace tradelake::cli
