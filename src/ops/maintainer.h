// Keeps tables fast and small for as long as they live: drops partitions past their retention,
// merges small files, rewrites closed partitions, expires snapshots and frees their files.
//
// Threads: run(), pass() and plan() in one at a time; status() from any. Invariants: every change
// is a commit like any other writer's, on whatever head there is by then; a file is deleted only
// after the commit that made it unreachable is known to stand. Does not: touch tables that the
// policy does not name; remove orphans unless the policy says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "iceberg/catalog.h"
#include "iceberg/expire_snapshots.h"
#include "iceberg/file_io.h"
#include "iceberg/reachable_files.h"
#include "ops/maintenance_policy.h"

namespace tradelake::ops {

struct MaintenanceCounts {
  std::int64_t partitions_dropped = 0, rows_dropped = 0;
  std::int64_t merges = 0, files_merged = 0, files_made = 0, rows_merged = 0;
  std::int64_t bytes_merged = 0, bytes_made = 0;
  std::int64_t snapshots_expired = 0, files_freed = 0, orphans_removed = 0;
  std::int64_t failures = 0;
};

struct MaintenanceStatus {
  std::map<std::string, MaintenanceCounts> tables;
  std::int64_t last_pass_us = 0;  // when all tables had been looked at; 0: not yet
};

class Maintainer {
 public:
  // `behind`: ingestion lags, and merging waits for it.
  Maintainer(iceberg::Catalog& catalog, iceberg::FileIo& io, MaintenancePolicy policy,
             std::function<bool()> behind = {});

  // Again and again, until it is stopped; merging in a thread of its own, as it takes long and the
  // rest must not wait. What fails is told, counted and tried again.
  void run(std::stop_token stop);
  // All tables once, until nothing is left to do. The first error, after all tables had their turn.
  Result<> pass(std::stop_token stop);
  // What pass() would do, a line each, of the heads as they are.
  Result<std::vector<std::string>> plan();

  MaintenanceStatus status() const;

 private:
  // What is done to a table whose head moved, or whose time has come; false: it is not all done.
  using Work = std::function<Result<bool>(iceberg::Table&)>;
  // Of tables that had nothing to be done: where they were, and when they are looked at again.
  struct Settled {
    std::string metadata_location;
    std::int64_t until_us = 0;
  };
  using SettledTables = std::map<std::string, Settled>;

  Result<std::vector<iceberg::TableIdent>> our_tables();
  Result<> each_table(const std::stop_token& stop,
                      const std::function<Result<>(const iceberg::TableIdent&)>& work);
  Result<> if_unsettled(const iceberg::TableIdent& ident, SettledTables& tables, const Work& work);
  // Retention and expiry: quick.
  Result<bool> keep_small(iceberg::Table& table);
  Result<> drop_expired(iceberg::Table& table);
  Result<> expire(iceberg::Table& table);
  Result<> look_for_orphans(const iceberg::TableIdent& ident);
  // Compaction: slow.
  Result<bool> compact_all(iceberg::Table& table, const std::stop_token& stop);
  Result<> compact_one(iceberg::Table& table, const CompactionJob& job,
                       const std::stop_token& stop);
  bool is_urgent(const CompactionJob& job) const;
  void note(const std::string& table, const std::function<void(MaintenanceCounts&)>& count);

  iceberg::Catalog& catalog_;
  iceberg::FileIo& io_;
  const MaintenancePolicy policy_;
  const std::function<bool()> behind_;
  iceberg::ReachableFiles reachable_;
  SettledTables kept_small_, compacted_;
  std::map<std::string, std::int64_t> next_orphans_us_;  // by table
  mutable std::mutex mutex_;
  MaintenanceStatus status_;
};

}  // namespace tradelake::ops
