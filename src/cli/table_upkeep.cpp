// `tradelake table compact|promote|expire|orphans NAME`: what `maintain` does by itself, of one
// table, now.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/table_command.h"
#include "core/event_log.h"
#include "core/time.h"
#include "iceberg/orphan_files.h"
#include "iceberg/promoted_fields.h"
#include "iceberg/transaction.h"
#include "iceberg/type_text.h"
#include "ops/compaction.h"
#include "ops/expiry.h"
#include "ops/live_files.h"
#include "ops/maintenance_policy.h"
#include "ops/promotion.h"
#include "ops/units.h"

namespace tradelake::cli {
namespace {

struct Wish {
  std::string field, type, column, doc;
  std::string older_than;
  std::int64_t retain_last = -1;
  bool dry_run = false, remove = false;
};

using Work = std::function<Result<>(OpenedLake&, iceberg::Table&, const ops::MaintenancePolicy&,
                                    const Wish&)>;

// Carries out what is planned, again and again, until there is nothing in the plan. Others may take
// away what was planned; not for ever.
Result<ops::Compacted> until_done(
    OpenedLake& lake, iceberg::Table& table, const ops::MaintenancePolicy& policy,
    const std::function<std::vector<ops::CompactionJob>(const std::vector<ops::LivePartition>&)>&
        plan) {
  constexpr int most_conflicts = 20;
  ops::Compacted all;
  for (int conflicts = 0;;) {
    TL_ASSIGN(const auto partitions, ops::live_files(*table.metadata, *lake.io));
    const auto jobs = plan(partitions);
    if (jobs.empty()) return all;
    for (const auto& job : jobs) {
      const auto done = ops::compact(*lake.catalog, *lake.io, table, job, policy.options);
      if (!done && done.error().code == Errc::conflict && ++conflicts < most_conflicts) {
        TL_ASSIGN(table, iceberg::load_table(*lake.catalog, *lake.io, table.ident));
        break;
      }
      if (!done) return std::unexpected(done.error());
      all.files_in += done->files_in;
      all.files_out += done->files_out;
      all.rows += done->rows;
      all.bytes_in += done->bytes_in;
      all.bytes_out += done->bytes_out;
    }
  }
}

Result<> compact(OpenedLake& lake, iceberg::Table& table, const ops::MaintenancePolicy& policy,
                 const Wish& wish) {
  auto rules = policy.rules;
  rules.min_files = 2;
  rules.quiet_us = 0;
  const auto plan = [&](const std::vector<ops::LivePartition>& partitions) {
    return ops::plan_compaction(*table.metadata, partitions, rules, now_us());
  };
  if (wish.dry_run) {
    TL_ASSIGN(const auto partitions, ops::live_files(*table.metadata, *lake.io));
    for (const auto& job : plan(partitions)) {
      fmt::print("{} {} files, {} rows, {}\n", job.closing ? "rewrite" : "merge", job.inputs.size(),
                 job.rows(), ops::bytes_text(job.bytes()));
    }
    return {};
  }
  TL_ASSIGN(const auto all, until_done(lake, table, policy, plan));
  fmt::print("{}: {} files became {}, {} rows, {} became {}\n", to_string(table.ident),
             all.files_in, all.files_out, all.rows, ops::bytes_text(all.bytes_in),
             ops::bytes_text(all.bytes_out));
  return {};
}

Result<> promote(OpenedLake& lake, iceberg::Table& table, const ops::MaintenancePolicy& policy,
                 const Wish& wish) {
  TL_ASSIGN(auto type, iceberg::parse_type(wish.type));
  const auto dot = wish.field.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == wish.field.size()) {
    return make_error(Errc::invalid_argument, "field is '{}'; allowed: COLUMN.FIELD, as extra.i",
                      wish.field);
  }
  const auto key = wish.field.substr(dot + 1);
  const auto column = wish.column.empty() ? key : wish.column;
  iceberg::Transaction transaction(*lake.catalog, *lake.io);
  transaction.add(table, iceberg::promote_field(wish.field.substr(0, dot), key, column,
                                                std::move(type), wish.doc));
  TL_TRY(transaction.commit());
  TL_ASSIGN(const auto all, until_done(lake, table, policy, [&](const auto& partitions) {
              return ops::plan_promotion(*table.metadata, partitions);
            }));
  fmt::print("{}: column '{}' takes {}; {} files of {} rows were written again\n",
             to_string(table.ident), column, wish.field, all.files_in, all.rows);
  return {};
}

Result<> expire(OpenedLake& lake, iceberg::Table& table, const ops::MaintenancePolicy& policy,
                const Wish& wish) {
  auto expiry = policy.expiry(now_ms());
  if (!wish.older_than.empty()) {
    TL_ASSIGN(const auto age_us, parse_duration("--older-than", wish.older_than));
    expiry.max_age_ms = age_us / us_per_ms;
  }
  if (wish.retain_last == 0 || wish.retain_last < -1) {
    return make_error(Errc::invalid_argument, "--retain-last is {}; allowed: from 1",
                      wish.retain_last);
  }
  if (wish.retain_last > 0) expiry.min_count = wish.retain_last;
  expiry.max_count = std::max(expiry.max_count, expiry.min_count);
  const auto count = iceberg::count_expired(*table.metadata, expiry);
  if (wish.dry_run || count == 0) {
    fmt::print("{}: {} of {} snapshots would go\n", to_string(table.ident), count,
               table.metadata->snapshots.size());
    return {};
  }
  iceberg::ReachableFiles reachable;
  TL_ASSIGN(const auto done, ops::expire(*lake.catalog, *lake.io, table, expiry, reachable));
  fmt::print("{}: {} snapshots expired, {} files freed\n", to_string(table.ident), done.snapshots,
             done.files);
  return {};
}

Result<> orphans(OpenedLake& lake, iceberg::Table& table, const ops::MaintenancePolicy& policy,
                 const Wish& wish) {
  auto age_us = policy.orphan_min_age_us;
  if (!wish.older_than.empty()) {
    TL_ASSIGN(age_us, parse_duration("--older-than", wish.older_than));
  }
  iceberg::ReachableFiles reachable;
  TL_ASSIGN(const auto found, iceberg::find_orphans(*lake.catalog, *lake.io, table.ident, reachable,
                                                    age_us, now_us(), [] { return Result<>(); }));
  for (const auto& file : found)
    fmt::print("{}  {}  {}\n", format_us(file.modified_us), file.size_bytes, file.uri);
  if (wish.remove) TL_TRY(iceberg::remove_files(*lake.io, found));
  fmt::print("{}: {} orphans of {}, older than {}{}\n", to_string(table.ident), found.size(),
             ops::bytes_text(iceberg::total_bytes(found)), ops::time_text(age_us),
             wish.remove     ? ": removed"
             : found.empty() ? ""
                             : "; nothing was removed, --remove does it");
  return {};
}

void add(CLI::App& command, Run& run, const char* name, const char* text, Work work,
         const std::function<void(CLI::App&, Wish&)>& options) {
  auto* sub = command.add_subcommand(name, text);
  auto flags = TableFlags::add(*sub);
  auto wish = std::make_shared<Wish>();
  options(*sub, *wish);
  sub->callback([flags, wish, work = std::move(work), &run] {
    run = [flags, wish, work]() -> int {
      return with_table(*flags, [&](OpenedLake& lake, iceberg::Table& table) -> Result<> {
        TL_ASSIGN(const auto settings, flags->settings->load());
        start_event_log(settings.text("log_level"));
        TL_ASSIGN(const auto policy, ops::maintenance_policy(settings));
        return work(lake, table, policy, *wish);
      });
    };
  });
}

void dry_run(CLI::App& sub, Wish& wish) {
  sub.add_flag("--dry-run", wish.dry_run, "Only say what would be done");
}

}  // namespace

void add_table_upkeep(CLI::App& command, Run& run) {
  add(command, run, "compact", "Merges small files; rewrites partitions whose time is over",
      compact, dry_run);
  add(command, run, "promote", "Makes a field of a map column a column of its own", promote,
      [](CLI::App& sub, Wish& wish) {
        sub.add_option("field", wish.field, "MAP.FIELD, as extra.newField")->required();
        sub.add_option("type", wish.type, "As decimal(38, 18), long, string")->required();
        sub.add_option("--column", wish.column, "Its name (default: the field's)");
        sub.add_option("--doc", wish.doc, "Its text");
      });
  add(command, run, "expire", "Forgets old snapshots, and frees what only they lead to", expire,
      [](CLI::App& sub, Wish& wish) {
        dry_run(sub, wish);
        sub.add_option("--older-than", wish.older_than,
                       "Those of this age and more, such as 1h (default: snapshots.max_age)");
        sub.add_option("--retain-last", wish.retain_last,
                       "But so many of the newest stay (default: snapshots.min_count)");
      });
  add(command, run, "orphans", "Lists the files that nothing leads to, or removes them", orphans,
      [](CLI::App& sub, Wish& wish) {
        sub.add_option("--older-than", wish.older_than,
                       "Those of this age and more, from 3h on (default: orphans.min_age)");
        sub.add_flag("--remove", wish.remove, "Remove them; without it, only told");
      });
}

}  // namespace tradelake::cli
