// `tradelake table …`: looks at tables without another engine.
#include <arrow/table.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/opened_lake.h"
#include "core/time.h"
#include "iceberg/scan.h"
#include "iceberg/table_printer.h"

namespace tradelake::cli {
namespace {

Result<iceberg::TableIdent> parse_ident(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) {
    return make_error(Errc::invalid_argument,
                      "table is '{}'; allowed: NAMESPACE.NAME, such as bronze.trades", text);
  }
  return iceberg::TableIdent{text.substr(0, dot), text.substr(dot + 1)};
}

struct Flags {
  std::shared_ptr<SettingFlags> settings;
  std::string table;
  std::int64_t limit = 20;
};

Result<> list(OpenedLake& lake) {
  TL_ASSIGN(const auto tables, lake.catalog->list_tables());
  for (const auto& ident : tables) {
    TL_ASSIGN(const auto location, lake.catalog->metadata_location(ident));
    fmt::print("{}\t{}\n", to_string(ident), location);
  }
  return {};
}

Result<> snapshots(const iceberg::Table& table) {
  for (const auto& snapshot : table.metadata->snapshots) {
    const auto value = [&](const char* key) {
      const auto found = snapshot.summary.find(key);
      return found == snapshot.summary.end() ? std::string("-") : found->second;
    };
    fmt::print("{}\t{}\t{}\tadded-records={}\ttotal-records={}\n", snapshot.id.value,
               format_us(snapshot.timestamp_ms * us_per_ms), snapshot.operation,
               value("added-records"), value("total-records"));
  }
  return {};
}

Result<> files(OpenedLake& lake, const iceberg::Table& table) {
  TL_ASSIGN(const auto planned, iceberg::plan_files(*table.metadata, *lake.io, {}));
  for (const auto& [file, sequence_number, deletes] : planned) {
    fmt::print("{}\t{} rows\t{} bytes", file.path, file.record_count, file.size_bytes);
    if (!deletes.empty()) fmt::print("\t{} delete files", deletes.size());
    fmt::print("\n");
  }
  return {};
}

Result<> scan(OpenedLake& lake, const iceberg::Table& table, std::int64_t limit) {
  TL_ASSIGN(const auto planned, iceberg::plan_files(*table.metadata, *lake.io, {}));
  for (const auto& file : planned) {
    if (limit <= 0) break;
    TL_ASSIGN(const auto rows, iceberg::read_data_file(*table.metadata, *lake.io, file, {}, {}));
    fmt::print("{}", iceberg::rows_as_text(*rows, limit));
    limit -= rows->num_rows();
  }
  return {};
}

using Look = std::function<Result<>(OpenedLake&, const iceberg::Table&, const Flags&)>;

int with_table(const Flags& flags, const Look& look) {
  const auto result = [&]() -> Result<> {
    TL_ASSIGN(const auto settings, flags.settings->load());
    TL_ASSIGN(auto lake, OpenedLake::open_to_look(settings));
    if (flags.table.empty()) return list(lake);
    TL_ASSIGN(const auto ident, parse_ident(flags.table));
    TL_ASSIGN(const auto table, iceberg::load_table(*lake.catalog, *lake.io, ident));
    return look(lake, table, flags);
  }();
  return result ? static_cast<int>(Exit::done) : report(result.error());
}

}  // namespace

void add_table(CLI::App& root, Run& run) {
  auto* command =
      root.add_subcommand("table", "Looks at tables: list, schema, snapshots, files, scan");
  command->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& text, bool named, bool limited,
                       Look look) {
    auto* sub = command->add_subcommand(name, text);
    auto flags = std::make_shared<Flags>();
    flags->settings = SettingFlags::add(*sub, {"data_dir", "catalog", "warehouse"});
    if (named) sub->add_option("table", flags->table, "NAMESPACE.NAME")->required();
    if (limited) sub->add_option("--limit", flags->limit, "Rows at most")->capture_default_str();
    sub->callback(
        [flags, look, &run] { run = [flags, look] { return with_table(*flags, look); }; });
  };
  add("list", "Every table and its metadata pointer", false, false, {});
  add("schema", "Columns with ids, types and texts", true, false,
      [](OpenedLake&, const iceberg::Table& table, const Flags&) -> Result<> {
        fmt::print("{}", iceberg::schema_as_text(table.metadata->schema()));
        return {};
      });
  add("snapshots", "Snapshots, oldest first", true, false,
      [](OpenedLake&, const iceberg::Table& table, const Flags&) { return snapshots(table); });
  add("files", "Live data files", true, false,
      [](OpenedLake& lake, const iceberg::Table& table, const Flags&) {
        return files(lake, table);
      });
  add("scan", "Rows as text", true, true,
      [](OpenedLake& lake, const iceberg::Table& table, const Flags& flags) {
        return scan(lake, table, flags.limit);
      });
}

}  // namespace tradelake::cli
