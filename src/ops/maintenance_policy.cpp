#include "ops/maintenance_policy.h"

#include "iceberg/orphan_files.h"

namespace tradelake::ops {
namespace {

Result<std::int64_t> between(const Settings& settings, std::string_view key, std::int64_t least,
                             std::int64_t most) {
  const auto value = settings.integer(key);
  if (value >= least && value <= most) return value;
  return make_error(Errc::invalid_argument, "{} is {}; allowed: {} to {}", key, value, least, most);
}

}  // namespace

Result<MaintenancePolicy> maintenance_policy(const Settings& settings) {
  MaintenancePolicy policy;
  const std::pair<const char*, const char*> tables[] = {
      {"bronze.trades", "retention.bronze"},
      {"bronze.dead_letters", "retention.dead_letters"},
      {"bronze.klines", "retention.klines"},
      {"silver.candles_1m", "retention.candles_1m"},
      {"silver.candles_5m", "retention.candles_5m"},
      {"silver.candles_1h", "retention.candles_1h"},
      {"silver.candles_4h", "retention.candles_4h"},
      {"silver.candles_1d", "retention.candles_1d"},
      {"silver.candle_revisions", "retention.candle_revisions"},
      {"silver.late_trades", "retention.late_trades"},
      {"silver.coverage_gaps", "retention.coverage_gaps"}};
  for (const auto& [table, key] : tables) policy.retention_us[table] = settings.duration_us(key);
  policy.snapshot_max_age_us = settings.duration_us("snapshots.max_age");
  TL_ASSIGN(policy.snapshot_min_count, between(settings, "snapshots.min_count", 1, 1'000'000));
  TL_ASSIGN(policy.snapshot_max_count, between(settings, "snapshots.max_count", 1, 1'000'000));
  if (const auto& orphans = settings.text("orphans.action"); orphans == "remove") {
    policy.remove_orphans = true;
  } else if (orphans != "tell") {
    return make_error(Errc::invalid_argument, "orphans.action is '{}'; allowed: tell, remove",
                      orphans);
  }
  policy.orphan_min_age_us = settings.duration_us("orphans.min_age");
  if (policy.orphan_min_age_us < iceberg::least_orphan_age_us) {
    return make_error(Errc::invalid_argument, "orphans.min_age is {} s; allowed: from 3h",
                      policy.orphan_min_age_us / us_per_second);
  }
  policy.rules.target_bytes = settings.bytes("compaction.target");
  if (policy.rules.target_bytes < (1 << 20)) {
    return make_error(Errc::invalid_argument, "compaction.target is {} bytes; allowed: from 1MiB",
                      policy.rules.target_bytes);
  }
  TL_ASSIGN(const auto files, between(settings, "compaction.min_files", 2, 10'000));
  policy.rules.min_files = static_cast<std::size_t>(files);
  policy.rules.max_age_us = settings.duration_us("compaction.max_age");
  policy.rules.grace_us = settings.duration_us("candles.grace");
  policy.options.target_bytes = policy.rules.target_bytes;
  TL_ASSIGN(const auto commit_level, between(settings, "parquet.zstd_level", 1, 22));
  policy.options.commit_zstd_level = static_cast<int>(commit_level);
  TL_ASSIGN(const auto closing_level, between(settings, "compaction.zstd_level", 1, 22));
  policy.options.closing_zstd_level = static_cast<int>(closing_level);
  TL_ASSIGN(const auto percent, between(settings, "maintain.cpu_percent", 1, 100));
  policy.cpu_share = static_cast<double>(percent) / 100;
  policy.interval_us = settings.duration_us("maintain.interval");
  return policy;
}

}  // namespace tradelake::ops
