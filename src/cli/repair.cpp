// `tradelake repair log`: going on with a log that is not the one the tables were written from.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bronze/log_repair.h"
#include "cli/command.h"
#include "cli/opened_lake.h"
#include "cli/pipelines.h"
#include "core/event_log.h"

namespace tradelake::cli {
namespace {

void print(const bronze::LogMismatch& mismatch) {
  const auto& [pipeline, found, repaired, what] = mismatch;
  fmt::print("{}\t{}/{}\t{}\tgoes on at {} instead of {}\n", pipeline, found.topic, found.partition,
             what, repaired.next_offset, found.next_offset);
}

// Whether log and tables fit together at the end.
Result<bool> repair_log(const SettingFlags& flags, bool change) {
  TL_ASSIGN(const auto settings, flags.load());
  start_event_log(settings.text("log_level"));
  TL_ASSIGN(auto opened, OpenedLake::open_to_run(settings));
  const auto lake = opened.lake();
  TL_ASSIGN(const auto mismatches, bronze::find_mismatches(lake, pipeline_names()));
  for (const auto& mismatch : mismatches) print(mismatch);
  if (mismatches.empty()) {
    fmt::print("log and tables fit together\n");
    return true;
  }
  if (!change) {
    fmt::print(
        "nothing was changed; with --yes the pipelines go on there. What the log had and the "
        "tables have not is lost, and becomes a gap in silver.coverage_gaps.\n");
    return false;
  }
  TL_TRY(bronze::repair(lake, mismatches, settings.duration_us("candles.grace")));
  fmt::print("repaired\n");
  return true;
}

}  // namespace

void add_repair(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("repair", "What the pipelines do not do by themselves");
  command->require_subcommand(1);
  auto* log = command->add_subcommand(
      "log", "Go on with a log that is not the one the tables were written from");
  auto flags = SettingFlags::add(*log, {"data_dir", "log", "catalog", "warehouse"});
  auto change = std::make_shared<bool>(false);
  log->add_flag("--yes", *change, "Do it; without it, only told");
  log->callback([flags, change, &run] {
    run = [flags, change] { return exit_status(repair_log(*flags, *change)); };
  });
}

}  // namespace tradelake::cli
