#include "ops/maintainer.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "bronze/commit_summary.h"
#include "core/time.h"
#include "iceberg/orphan_files.h"
#include "iceberg/transaction.h"
#include "ops/cpu_quota.h"
#include "ops/expiry.h"
#include "ops/low_priority.h"
#include "ops/promotion.h"
#include "ops/retention.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

// A head that did not move changes nothing but by the clock: partitions close and expire.
constexpr std::int64_t look_again_us = 30 * us_per_second;

// Expiry is a commit of its own: worth it for more than a snapshot or two.
bool is_worth_it(std::size_t expired, std::int64_t max_count) {
  return std::cmp_greater_equal(expired, std::clamp<std::int64_t>(max_count / 10, 1, 100));
}

std::string name_of(const TableMetadata& metadata, const CompactionJob& job) {
  const auto* spec = metadata.find_spec(job.spec_id);
  return spec == nullptr ? std::string() : partition_path(metadata.schema(), *spec, job.values);
}

}  // namespace

Maintainer::Maintainer(Catalog& catalog, FileIo& io, MaintenancePolicy policy,
                       std::function<bool()> behind)
    : catalog_(catalog), io_(io), policy_(std::move(policy)), behind_(std::move(behind)) {}

void Maintainer::run(std::stop_token stop) {
  const auto again_and_again = [&](const std::stop_token& until, const auto& pass) {
    give_way_to_other_threads();
    while (!until.stop_requested()) {
      (void)pass();  // told and counted where it happened
      const auto next_us = now_us() + policy_.interval_us;
      while (!until.stop_requested() && now_us() < next_us)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  };
  const std::jthread merging([&](std::stop_token own) {
    again_and_again(own, [&] {
      return each_table(own, [&](const TableIdent& ident) {
        return if_unsettled(ident, compacted_,
                            [&](Table& table) { return compact_all(table, own); });
      });
    });
  });
  again_and_again(stop, [&] {
    return each_table(stop, [&](const TableIdent& ident) -> Result<> {
      TL_TRY(if_unsettled(ident, kept_small_, [&](Table& table) { return keep_small(table); }));
      return look_for_orphans(ident);
    });
  });
}

Result<> Maintainer::pass(std::stop_token stop) {
  return each_table(stop, [&](const TableIdent& ident) -> Result<> {
    TL_TRY(if_unsettled(ident, compacted_, [&](Table& table) -> Result<bool> {
      TL_TRY(keep_small(table));
      TL_ASSIGN(const bool all, compact_all(table, stop));
      TL_TRY(expire(table));
      return all;
    }));
    return look_for_orphans(ident);
  });
}

Result<> Maintainer::each_table(const std::stop_token& stop,
                                const std::function<Result<>(const TableIdent&)>& work) {
  Result<> all;
  TL_ASSIGN(const auto tables, our_tables());
  // Counts of nothing are counts, too: whoever looks sees that the table is looked after.
  for (const auto& ident : tables) note(to_string(ident), [](auto&) {});
  for (const auto& ident : tables) {
    if (stop.stop_requested()) return all;
    const auto done = work(ident);
    if (done || done.error().code == Errc::cancelled) continue;
    // Others changed or dropped what was being merged, or moved the head too often: the next pass
    // plans anew.
    if (done.error().code == Errc::conflict || done.error().code == Errc::not_found) {
      spdlog::info("event=maintenance_postponed table={} reason=\"{}\"", to_string(ident),
                   done.error().message);
      continue;
    }
    spdlog::warn("event=maintenance_failed table={} error=\"{}\"", to_string(ident),
                 done.error().message);
    note(to_string(ident), [](auto& counts) { ++counts.failures; });
    if (all) all = done;
  }
  const std::lock_guard lock(mutex_);
  status_.last_pass_us = now_us();
  return all;
}

Result<std::vector<TableIdent>> Maintainer::our_tables() {
  TL_ASSIGN(auto tables, catalog_.list_tables());
  std::erase_if(tables, [&](const TableIdent& ident) {
    return !policy_.retention_us.contains(to_string(ident));
  });
  return tables;
}

Result<> Maintainer::if_unsettled(const TableIdent& ident, SettledTables& tables,
                                  const Work& work) {
  auto& settled = tables[to_string(ident)];
  TL_ASSIGN(const auto location, catalog_.metadata_location(ident));
  if (location == settled.metadata_location && now_us() < settled.until_us) return {};
  TL_ASSIGN(auto table, load_table(catalog_, io_, ident));
  TL_ASSIGN(const bool all, work(table));
  if (all) settled = {table.metadata_location, now_us() + look_again_us};
  return {};
}

Result<bool> Maintainer::keep_small(Table& table) {
  TL_TRY(expire(table));
  TL_TRY(drop_expired(table));
  return true;
}

Result<> Maintainer::drop_expired(Table& table) {
  const auto retention_us = policy_.retention_us.at(to_string(table.ident));
  if (!policy_.ttl || retention_us == 0) return {};
  TL_ASSIGN(const bool any, may_have_expired(*table.metadata, io_, retention_us, now_us()));
  if (!any) return {};
  TL_ASSIGN(const auto partitions, live_files(*table.metadata, io_));
  const auto expired = expired_partitions(*table.metadata, partitions, retention_us, now_us());
  if (!expired) return {};
  Transaction transaction(catalog_, io_);
  transaction.add(
      table, drop_partitions(expired->cutoff, bronze::maintenance_note(*table.metadata, "ttl")));
  TL_TRY(transaction.commit(patient_attempts));
  spdlog::info("event=partitions_dropped table={} partitions={} files={} rows={} until={}",
               to_string(table.ident), expired->partitions, expired->files, expired->rows,
               format_us(expired->cutoff.until_us));
  note(to_string(table.ident), [&](auto& counts) {
    counts.partitions_dropped += expired->partitions;
    counts.rows_dropped += expired->rows;
  });
  return {};
}

// So many files are waiting that reading suffers.
bool Maintainer::is_urgent(const CompactionJob& job) const {
  return !job.closing && job.inputs.size() >= policy_.rules.min_files * 8;
}

// A merge may make the next one possible, so plans are made until there is nothing in them. False:
// some have to wait for ingestion, which lags and comes first.
Result<bool> Maintainer::compact_all(Table& table, const std::stop_token& stop) {
  while (true) {
    TL_ASSIGN(const auto partitions, live_files(*table.metadata, io_));
    auto jobs = plan_promotion(*table.metadata, partitions);
    if (jobs.empty()) jobs = plan_compaction(*table.metadata, partitions, policy_.rules, now_us());
    if (jobs.empty()) return true;
    for (const auto& job : jobs) {
      if (behind_ && !is_urgent(job) && behind_()) return false;
      TL_TRY(compact_one(table, job, stop));
    }
  }
}

Result<> Maintainer::compact_one(Table& table, const CompactionJob& job,
                                 const std::stop_token& stop) {
  CpuQuota quota(policy_.cpu_share, is_urgent(job) ? nullptr : behind_, stop);
  auto options = policy_.options;
  options.breathe = [&] { return quota.breathe(); };
  const std::int64_t began = now_us();
  TL_ASSIGN(const auto done, compact(catalog_, io_, table, job, options));
  spdlog::info(
      "event=files_merged table={} partition={} closing={} files_in={} files_out={} rows={} "
      "bytes_in={} bytes_out={} took_ms={}",
      to_string(table.ident), name_of(*table.metadata, job), job.closing, done.files_in,
      done.files_out, done.rows, done.bytes_in, done.bytes_out, (now_us() - began) / us_per_ms);
  note(to_string(table.ident), [&](auto& counts) {
    ++counts.merges;
    counts.files_merged += done.files_in;
    counts.files_made += done.files_out;
    counts.rows_merged += done.rows;
    counts.bytes_merged += done.bytes_in;
    counts.bytes_made += done.bytes_out;
  });
  return {};
}

Result<> Maintainer::expire(Table& table) {
  const auto count = count_expired(*table.metadata, policy_.expiry(now_ms()));
  if (!is_worth_it(count, policy_.snapshot_max_count)) return {};
  TL_ASSIGN(const auto expired,
            ops::expire(catalog_, io_, table, policy_.expiry(now_ms()), reachable_));
  note(to_string(table.ident), [&](auto& counts) {
    counts.snapshots_expired += expired.snapshots;
    counts.files_freed += expired.files;
  });
  return {};
}

// Orphans are rare, and finding them costs a listing of the table: once a day.
Result<> Maintainer::look_for_orphans(const TableIdent& ident) {
  auto& next_us = next_orphans_us_[to_string(ident)];
  if (now_us() < next_us) return {};
  next_us = now_us() + us_per_hour;  // if it fails
  TL_ASSIGN(const auto orphans,
            find_orphans(catalog_, io_, ident, reachable_, policy_.orphan_min_age_us, now_us(),
                         [] { return Result<>(); }));
  next_us = now_us() + us_per_day;
  if (orphans.empty()) return {};
  if (policy_.remove_orphans) TL_TRY(remove_files(io_, orphans));
  spdlog::info("event=orphans table={} files={} bytes={} removed={}", to_string(ident),
               orphans.size(), total_bytes(orphans), policy_.remove_orphans);
  if (policy_.remove_orphans) {
    note(to_string(ident), [&](auto& counts) {
      counts.orphans_removed += static_cast<std::int64_t>(orphans.size());
    });
  }
  return {};
}

Result<std::vector<std::string>> Maintainer::plan() {
  std::vector<std::string> lines;
  TL_ASSIGN(const auto tables, our_tables());
  for (const auto& ident : tables) {
    TL_ASSIGN(const auto table, load_table(catalog_, io_, ident));
    const auto& metadata = *table.metadata;
    const auto name = to_string(ident);
    TL_ASSIGN(const auto partitions, live_files(metadata, io_));
    const auto retention_us = policy_.retention_us.at(name);
    if (policy_.ttl && retention_us > 0) {
      if (const auto gone = expired_partitions(metadata, partitions, retention_us, now_us())) {
        lines.push_back(fmt::format("{}: drop {} partitions, {} files, {} rows, {}", name,
                                    gone->partitions, gone->files, gone->rows,
                                    bytes_text(gone->bytes)));
      }
    }
    if (const auto jobs = plan_promotion(metadata, partitions); !jobs.empty())
      lines.push_back(fmt::format("{}: fill promoted columns, in {} rewrites", name, jobs.size()));
    for (const auto& job : plan_compaction(metadata, partitions, policy_.rules, now_us())) {
      lines.push_back(fmt::format("{}: {} {} files of {}, {} rows, {}", name,
                                  job.closing ? "rewrite" : "merge", job.inputs.size(),
                                  name_of(metadata, job), job.rows(), bytes_text(job.bytes())));
    }
    const auto count = count_expired(metadata, policy_.expiry(now_ms()));
    if (is_worth_it(count, policy_.snapshot_max_count))
      lines.push_back(
          fmt::format("{}: expire {} of {} snapshots", name, count, metadata.snapshots.size()));
  }
  return lines;
}

void Maintainer::note(const std::string& table,
                      const std::function<void(MaintenanceCounts&)>& count) {
  const std::lock_guard lock(mutex_);
  count(status_.tables[table]);
}

MaintenanceStatus Maintainer::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace tradelake::ops
