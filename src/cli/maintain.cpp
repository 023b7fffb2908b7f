// `tradelake maintain`: retention, compaction and expiry of the lake's tables.
#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "api/stage_server.h"
#include "cli/command.h"
#include "cli/opened_lake.h"
#include "cli/pipelines.h"
#include "cli/process.h"
#include "log/lag.h"
#include "ops/maintainer.h"

namespace tradelake::cli {
namespace {

struct Flags {
  std::shared_ptr<SettingFlags> settings;
  bool once = false, dry_run = false;
};

void print(const ops::MaintenanceStatus& status) {
  for (const auto& [table, counts] : status.tables) {
    fmt::print(
        "{}: {} partitions dropped ({} rows); {} merges of {} files into {} ({} rows, {} bytes "
        "became {}); {} snapshots expired, {} files freed\n",
        table, counts.partitions_dropped, counts.rows_dropped, counts.merges, counts.files_merged,
        counts.files_made, counts.rows_merged, counts.bytes_merged, counts.bytes_made,
        counts.snapshots_expired, counts.files_freed);
  }
}

Result<> dry_run(const Settings& settings) {
  TL_ASSIGN(auto policy, ops::maintenance_policy(settings));
  policy.rules.quiet_us = 0;
  TL_ASSIGN(const auto lake, OpenedLake::open_to_look(settings));
  TL_ASSIGN(const auto lines, ops::Maintainer(*lake.catalog, *lake.io, policy).plan());
  for (const auto& line : lines) fmt::print("{}\n", line);
  if (lines.empty()) fmt::print("nothing to do\n");
  return {};
}

// `work` in a thread of its own, until it ends, fails, or a signal comes; then what was done.
Result<> carry_out(ops::Maintainer& maintainer, const sigset_t& signals,
                   const std::function<Result<>(const std::stop_token&)>& work) {
  Failure failure;
  std::atomic<bool> done = false;
  std::jthread thread([&](const std::stop_token& stop) {
    failure.keep(work(stop));
    done = true;
  });
  const auto watched = watch(signals, failure, [&]() -> Result<bool> { return done.load(); });
  thread.request_stop();
  thread.join();
  print(maintainer.status());
  TL_TRY(watched);
  if (const auto error = failure.get()) return std::unexpected(*error);
  return {};
}

Result<> once(const Settings& settings, const sigset_t& signals) {
  TL_ASSIGN(auto policy, ops::maintenance_policy(settings));
  policy.cpu_share = 1;
  policy.rules.quiet_us = 0;
  TL_ASSIGN(const auto lake, OpenedLake::open_to_run(settings));
  ops::Maintainer maintainer(*lake.catalog, *lake.io, policy);
  return carry_out(maintainer, signals, [&](const auto& stop) { return maintainer.pass(stop); });
}

// Whether a pipeline has much of the log still to commit; what is in the air between two commits of
// a busy exchange is not much.
bool is_behind(const OpenedLake& lake) {
  const auto ends = lake.log->offsets();
  return ends && std::ranges::any_of(pipeline_names(), [&](const std::string& pipeline) {
           const auto committed = committed_offsets(*lake.catalog, pipeline);
           return committed && log::records_ahead(*ends, *committed) >= 10 * lag_of_now;
         });
}

Result<> keep_on(const Settings& settings, const sigset_t& signals) {
  TL_ASSIGN(const auto policy, ops::maintenance_policy(settings));
  TL_ASSIGN(const auto lake, OpenedLake::open_to_run(settings));
  ops::Maintainer maintainer(*lake.catalog, *lake.io, policy, [&] { return is_behind(lake); });
  TL_ASSIGN(const auto server,
            api::start_stage_server(settings.text("listen"),
                                    {[&] { return api::MetricSources{.maintainer = &maintainer}; },
                                     [&] { return lake.catalog->list_tables().has_value(); }}));
  say_where("tradelake maintain", settings, server->port());
  return carry_out(maintainer, signals, [&](const auto& stop) {
    maintainer.run(stop);
    return Result<>();
  });
}

}  // namespace

void add_maintain(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand(
      "maintain", "Drops what is past its retention, merges files, expires snapshots");
  auto flags = std::make_shared<Flags>();
  flags->settings =
      SettingFlags::add(*command, {"data_dir", "listen", "log", "catalog", "warehouse"}, any_port);
  command->add_flag("--once", flags->once, "All tables once, as fast as it can, then end");
  command->add_flag("--dry-run", flags->dry_run, "Say what would be done, and do nothing");
  command->callback([flags, &run] {
    run = [flags]() -> int {
      const auto settings = flags->settings->load();
      if (!settings) return report(settings.error());
      if (flags->dry_run) {
        const auto done = dry_run(*settings);
        return done ? static_cast<int>(Exit::done) : report(done.error());
      }
      return run_process(*settings, [&](const sigset_t& signals) {
        return flags->once ? once(*settings, signals) : keep_on(*settings, signals);
      });
    };
  });
}

}  // namespace tradelake::cli
