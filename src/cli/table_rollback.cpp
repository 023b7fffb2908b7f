// `tradelake table rollback`: main back in time, together with the pipeline that writes the table.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bronze/rollback.h"
#include "cli/pipelines.h"
#include "cli/table_command.h"
#include "core/event_log.h"
#include "core/time.h"
#include "iceberg/ref_update.h"
#include "iceberg/snapshot_lookup.h"
#include "iceberg/text_table.h"
#include "iceberg/transaction.h"

namespace tradelake::cli {
namespace {

struct Where {
  std::string snapshot, time;
  bool change = false;
};

Result<iceberg::SnapshotId> target(const iceberg::Table& table, const Where& where) {
  if (!where.snapshot.empty()) return parse_snapshot(where.snapshot);
  TL_ASSIGN(const auto time_ms, parse_time_ms(where.time));
  const auto* found = iceberg::ancestor_as_of(*table.metadata, time_ms);
  if (found != nullptr) return found->id;
  return make_error(Errc::invalid_argument, "{} has no snapshot of {} or before",
                    to_string(table.ident), format_us(time_ms * us_per_ms));
}

std::string shown(const iceberg::Snapshot* snapshot) {
  if (snapshot == nullptr) return "no snapshot";
  return fmt::format("{} of {}", snapshot->id.value, format_us(snapshot->timestamp_ms * us_per_ms));
}

void print(const bronze::Rollback& plan) {
  std::vector<std::vector<std::string>> lines;
  for (const auto& back : plan.tables) {
    lines.push_back({to_string(back.table.ident), shown(back.table.metadata->current_snapshot()),
                     back.moves() ? "-> " + shown(back.to) : "stays"});
  }
  for (const auto& [expected, updated] : plan.progress) {
    const bool moves = expected->next_offset != updated.next_offset;
    lines.push_back({fmt::format("{}/{}", updated.topic, updated.partition),
                     fmt::format("offset {}", expected->next_offset),
                     moves ? fmt::format("-> offset {}", updated.next_offset) : "stays"});
  }
  fmt::print("{}", iceberg::aligned(lines));
}

// Whether everything is as it was to be.
bool only_told(const Where& where) {
  if (!where.change) fmt::print("nothing was changed; --yes does it\n");
  return !where.change;
}

Result<bool> roll_back_alone(OpenedLake& lake, iceberg::Table& table, iceberg::SnapshotId to,
                             const Where& where) {
  const auto* snapshot = table.metadata->find_snapshot(to);
  fmt::print("{}  {}  -> {}\n", to_string(table.ident), shown(table.metadata->current_snapshot()),
             snapshot == nullptr ? fmt::to_string(to.value) : shown(snapshot));
  iceberg::Transaction transaction(*lake.catalog, *lake.io);
  transaction.add(table, iceberg::roll_back_to(to));
  if (only_told(where)) return false;
  TL_TRY(transaction.commit(/*max_attempts=*/1));
  return true;
}

Result<bool> roll_back(const TableFlags& flags, const Where& where) {
  TL_ASSIGN(const auto settings, flags.settings->load());
  TL_ASSIGN(const auto ident, parse_ident(flags.table));
  start_event_log(settings.text("log_level"));
  if (where.snapshot.empty() == where.time.empty()) {
    return make_error(Errc::invalid_argument,
                      "where to is said by one of --to-snapshot ID and --to-time TIME");
  }
  std::optional<std::string> pipeline;
  {
    TL_ASSIGN(auto looked, OpenedLake::open_to_look(settings));
    TL_ASSIGN(auto table, iceberg::load_table(*looked.catalog, *looked.io, ident));
    TL_ASSIGN(pipeline, bronze::pipeline_of(*looked.catalog, pipeline_names(), ident));
    if (!pipeline) {
      TL_ASSIGN(const auto to, target(table, where));
      return roll_back_alone(looked, table, to, where);
    }
  }
  // Nobody else may be at an embedded log meanwhile.
  TL_ASSIGN(auto opened, OpenedLake::open_to_run(settings));
  const auto lake = opened.lake();
  TL_ASSIGN(const auto table, iceberg::load_table(lake.catalog, lake.io, ident));
  TL_ASSIGN(const auto to, target(table, where));
  TL_ASSIGN(const auto plan, bronze::plan_rollback(lake, *pipeline, ident, to,
                                                   settings.duration_us("candles.grace")));
  print(plan);
  if (!plan.moves()) {
    fmt::print("is so already\n");
    return true;
  }
  if (only_told(where)) return false;
  TL_TRY(bronze::roll_back(lake, plan));
  fmt::print("rolled back; pipeline {} reads the log again from there\n", *pipeline);
  return true;
}

}  // namespace

void add_table_rollback(CLI::App& command, Run& run) {
  auto* sub = command.add_subcommand(
      "rollback", "Takes a table, and the pipeline that writes it, back in time");
  auto flags = std::make_shared<TableFlags>();
  flags->settings = SettingFlags::add(*sub, {"data_dir", "log", "catalog", "warehouse"});
  sub->add_option("table", flags->table, "NAMESPACE.NAME")->required();
  auto where = std::make_shared<Where>();
  sub->add_option("--to-snapshot", where->snapshot, "An ancestor of the current snapshot (id)");
  sub->add_option(
      "--to-time", where->time,
      "The last snapshot of this time or before: 2024-08-08T23:00:00Z, or milliseconds");
  sub->add_flag("--yes", where->change, "Do it; without it, only told");
  sub->callback([flags, where, &run] {
    run = [flags, where] { return exit_status(roll_back(*flags, *where)); };
  });
}

}  // namespace tradelake::cli
