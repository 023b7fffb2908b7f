// How long each of our tables keeps what, and how its files and snapshots are kept few.
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/error.h"
#include "core/settings.h"
#include "core/time.h"
#include "iceberg/expire_snapshots.h"
#include "ops/compaction.h"
#include "ops/compaction_plan.h"

namespace tradelake::ops {

struct MaintenancePolicy {
  // By "bronze.trades"; 0: for ever. Tables that are not here are somebody else's: left alone.
  std::map<std::string, std::int64_t> retention_us;
  bool ttl = true;  // a replay runs none
  std::int64_t snapshot_max_age_us = 3'600'000'000;
  std::int64_t snapshot_min_count = 10, snapshot_max_count = 100;
  bool remove_orphans = false;  // false: only told
  std::int64_t orphan_min_age_us = 3 * us_per_day;
  CompactionRules rules;
  CompactionOptions options;
  iceberg::ExpiryPolicy expiry(std::int64_t now_ms) const {
    return {now_ms, snapshot_max_age_us / us_per_ms, snapshot_min_count, snapshot_max_count};
  }
  double cpu_share = 0.2;  // of one core, while it merges; 1: as fast as it can
  std::int64_t interval_us = 2'000'000;
};

// Errors: invalid_argument (the key, its value and what is allowed).
Result<MaintenancePolicy> maintenance_policy(const Settings& settings);

}  // namespace tradelake::ops
