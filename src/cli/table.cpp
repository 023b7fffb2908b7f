// `tradelake table …`: looks at tables and changes them without another engine.
#include <charconv>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <arrow/table.h>

#include "cli/table_command.h"
#include "core/time.h"
#include "iceberg/predicate_text.h"
#include "iceberg/scan.h"
#include "iceberg/schema_tree.h"
#include "iceberg/snapshot_lookup.h"
#include "iceberg/value_text.h"

namespace tradelake::cli {

std::shared_ptr<TableFlags> TableFlags::add(CLI::App& command) {
  auto flags = std::make_shared<TableFlags>();
  flags->settings = SettingFlags::add(command, {"data_dir", "catalog", "warehouse"});
  command.add_option("table", flags->table, "NAMESPACE.NAME")->required();
  return flags;
}

void TableFlags::add_json(CLI::App& command) {
  command.add_flag("--json", json, "As JSON");
}

void TableFlags::add_time_travel(CLI::App& command) {
  auto* id = command.add_option("--snapshot", snapshot, "As of this snapshot (id)");
  command
      .add_option("--at", at, "As of this time: 2024-08-08T23:00:00Z, or milliseconds since 1970")
      ->excludes(id);
}

void TableFlags::add_rows(CLI::App& command) {
  command.add_option("--columns", columns, "These columns, separated by commas (default: all)");
  command
      .add_option("--where", where,
                  "Rows for which this holds: \"COLUMN OP VALUE\" with = < <= > >= in, \"COLUMN is "
                  "null\", \"COLUMN is not null\"; may be repeated, all must hold")
      ->allow_extra_args(false);
}

Result<iceberg::TableIdent> parse_ident(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    return make_error(Errc::invalid_argument,
                      "table is '{}'; allowed: NAMESPACE.NAME, such as bronze.trades", text);
  }
  return iceberg::TableIdent{text.substr(0, dot), text.substr(dot + 1)};
}

Result<std::int64_t> parse_time_ms(const std::string& text) {
  if (const auto us = iceberg::parse_timestamp_us(text)) return floor_div(*us, us_per_ms);
  return make_error(Errc::invalid_argument,
                    "time is '{}'; allowed: 2024-08-08T23:54:15.342Z (UTC), or milliseconds since "
                    "1970",
                    text);
}

Result<iceberg::SnapshotId> parse_snapshot(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc{} && end == text.data() + text.size()) return iceberg::SnapshotId{id};
  return make_error(Errc::invalid_argument,
                    "snapshot is '{}'; allowed: an id, as `tradelake table snapshots` shows them",
                    text);
}

Result<std::int64_t> parse_duration(const char* flag, const std::string& text) {
  if (const auto us = parse_duration_us(text)) return *us;
  return make_error(Errc::invalid_argument, "{} is '{}'; allowed: {}", flag, text, duration_form);
}

Result<iceberg::TableMetadataPtr> as_asked(const iceberg::TableMetadataPtr& head,
                                           const TableFlags& flags) {
  if (flags.snapshot.empty() && flags.at.empty()) return head;
  const iceberg::Snapshot* snapshot = nullptr;
  if (!flags.snapshot.empty()) {
    TL_ASSIGN(const auto id, parse_snapshot(flags.snapshot));
    snapshot = head->find_snapshot(id);
    if (snapshot == nullptr) {
      return make_error(
          Errc::invalid_argument,
          "snapshot {} is not one of the table's {}; `tradelake table snapshots` shows "
          "them",
          id.value, head->snapshots.size());
    }
  } else {
    TL_ASSIGN(const auto time_ms, parse_time_ms(flags.at));
    snapshot = iceberg::snapshot_as_of(*head, time_ms);
    if (snapshot == nullptr) {
      return make_error(Errc::invalid_argument,
                        "the table had no snapshot at {}, or it has expired; `tradelake table "
                        "history` shows since when there are some",
                        format_us(time_ms * us_per_ms));
    }
  }
  return std::make_shared<const iceberg::TableMetadata>(iceberg::as_of(*head, *snapshot));
}

Result<Selection> select(const iceberg::TableMetadataPtr& head, const TableFlags& flags) {
  Selection selection;
  TL_ASSIGN(selection.metadata, as_asked(head, flags));
  const auto& schema = selection.metadata->schema();
  if (flags.limit < -1) {
    return make_error(Errc::invalid_argument, "limit is {}; allowed: 0 and more", flags.limit);
  }
  for (std::size_t begin = 0; begin < flags.columns.size();) {
    const auto end = std::min(flags.columns.find(',', begin), flags.columns.size());
    const auto name = flags.columns.substr(begin, end - begin);
    if (schema.find(std::string_view(name)) == nullptr) {
      return make_error(Errc::invalid_argument, "column '{}' does not exist; the table has {}",
                        name, iceberg::names_of(schema.fields));
    }
    selection.columns.push_back(name);
    begin = end + 1;
  }
  if (selection.columns.empty()) {
    for (const auto& field : schema.fields) selection.columns.push_back(field.name);
  }
  for (const auto& text : flags.where) {
    TL_ASSIGN(auto predicate, iceberg::parse_predicate(schema, text));
    selection.filter.push_back(std::move(predicate));
  }
  return selection;
}

Result<> each_piece(OpenedLake& lake, const Selection& selection, std::int64_t limit,
                    const std::function<Result<>(const arrow::Table& rows)>& see) {
  TL_ASSIGN(const auto files, iceberg::plan_files(*selection.metadata, *lake.io, selection.filter));
  for (const auto& file : files) {
    if (limit == 0) break;
    TL_ASSIGN(auto rows, iceberg::read_data_file(*selection.metadata, *lake.io, file,
                                                 selection.columns, selection.filter));
    if (limit > 0) {
      rows = rows->Slice(0, limit);
      limit -= rows->num_rows();
    }
    if (rows->num_rows() > 0) TL_TRY(see(*rows));
  }
  return {};
}

int with_table(const TableFlags& flags, const TableWork& work) {
  const auto result = [&]() -> Result<> {
    TL_ASSIGN(const auto settings, flags.settings->load());
    TL_ASSIGN(const auto ident, parse_ident(flags.table));
    TL_ASSIGN(auto lake, OpenedLake::open_to_look(settings));
    TL_ASSIGN(auto table, iceberg::load_table(*lake.catalog, *lake.io, ident));
    return work(lake, table);
  }();
  return result ? static_cast<int>(Exit::done) : report(result.error());
}

void add_table(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("table", "Looks at tables, changes, exports, rolls back");
  command->require_subcommand(1);
  add_table_looks(*command, run);
  add_table_alter(*command, run);
  add_table_rollback(*command, run);
  add_table_export(*command, run);
  add_table_upkeep(*command, run);
}

}  // namespace tradelake::cli
