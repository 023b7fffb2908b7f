// `tradelake table list, schema, snapshots, files, partitions, history, refs`: what metadata says.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/table_command.h"
#include "core/time.h"
#include "iceberg/json_writer.h"
#include "iceberg/scan.h"
#include "iceberg/snapshot_lookup.h"
#include "iceberg/text_table.h"

namespace tradelake::cli {

void add_table_scan(CLI::App& command, Run& run);

namespace {

using iceberg::JsonWriter;
using Cells = std::vector<std::string>;

// A table to be shown: aligned with a headline, or as JSON objects with the headline's words as
// keys. Cells that are numbers say so by their column's name in `numbers`.
void show(const Cells& headline, std::vector<Cells> rows, const std::set<std::string>& numbers,
          bool as_json) {
  if (!as_json) {
    rows.insert(rows.begin(), headline);
    fmt::print("{}", iceberg::aligned(rows));
    return;
  }
  JsonWriter json;
  json.open_array();
  for (const auto& row : rows) {
    json.open_object();
    for (std::size_t i = 0; i < headline.size(); ++i) {
      json.key(headline[i]);
      if (row[i] == "-") {
        json.raw("null");
      } else if (numbers.contains(headline[i])) {
        json.raw(row[i]);
      } else {
        json.string(row[i]);
      }
    }
    json.close_object();
  }
  json.close_array();
  fmt::print("{}\n", std::move(json).take());
}

std::string time_text(std::int64_t time_ms) {
  return format_us(time_ms * us_per_ms);
}

template <class Id>
std::string text_or_dash(const std::optional<Id>& id) {
  return id ? fmt::to_string(id->value) : "-";
}

Result<> list(const SettingFlags& flags, bool as_json) {
  TL_ASSIGN(const auto settings, flags.load());
  TL_ASSIGN(auto lake, OpenedLake::open_to_look(settings));
  TL_ASSIGN(const auto tables, lake.catalog->list_tables());
  std::vector<Cells> rows;
  for (const auto& ident : tables) {
    TL_ASSIGN(const auto location, lake.catalog->metadata_location(ident));
    rows.push_back({to_string(ident), location});
  }
  if (!as_json) {
    fmt::print("{}", iceberg::aligned(rows));
  } else {
    show({"table", "metadata_location"}, std::move(rows), {}, true);
  }
  return {};
}

void add_fields(const std::vector<iceberg::NestedField>& fields, const std::string& prefix,
                std::vector<Cells>& rows) {
  for (const auto& field : fields) {
    const auto path = prefix + field.name;
    rows.push_back({fmt::to_string(field.id.value), path, to_string(*field.type),
                    field.required ? "required" : "optional", field.doc});
    add_fields(field.type->fields, path + ".", rows);
  }
}

std::string describe(const iceberg::TableMetadata& metadata, const iceberg::PartitionSpec& spec) {
  std::string text;
  for (const auto& field : spec.fields) {
    const auto* source = metadata.schema().find(field.source_id);
    text += fmt::format("{}{} = {}({})", text.empty() ? "" : ", ", field.name,
                        to_string(field.transform),
                        source == nullptr ? fmt::to_string(field.source_id.value) : source->name);
  }
  return text.empty() ? "none" : text;
}

Result<> schema(const iceberg::Table& table, const TableFlags& flags) {
  TL_ASSIGN(const auto metadata, as_asked(table.metadata, flags));
  std::vector<Cells> rows;
  add_fields(metadata->schema().fields, "", rows);
  show({"id", "column", "type", "presence", "doc"}, std::move(rows), {"id"}, flags.json);
  if (flags.json) return {};
  fmt::print("\npartitioned by: {}\n", describe(*metadata, metadata->spec()));
  for (const auto& [key, value] : metadata->properties)
    fmt::print("property: {} = {}\n", key, value);
  return {};
}

Result<> snapshots(const iceberg::Table& table, const TableFlags& flags) {
  std::vector<Cells> rows;
  for (const auto& snapshot : table.metadata->snapshots) {
    const auto value = [&](const char* key) {
      const auto found = snapshot.summary.find(key);
      return found == snapshot.summary.end() ? std::string("-") : found->second;
    };
    rows.push_back({fmt::to_string(snapshot.id.value), text_or_dash(snapshot.parent_id),
                    time_text(snapshot.timestamp_ms), snapshot.operation,
                    text_or_dash(snapshot.schema_id), value("added-records"),
                    value("deleted-records"), value("total-records"), value("total-data-files"),
                    value("tradelake.pipeline"), value("tradelake.commit-id")});
  }
  show({"snapshot_id", "parent_id", "time", "operation", "schema_id", "added_records",
        "deleted_records", "total_records", "total_data_files", "pipeline", "commit_id"},
       std::move(rows),
       {"snapshot_id", "parent_id", "schema_id", "added_records", "deleted_records",
        "total_records", "total_data_files"},
       flags.json);
  return {};
}

std::string partition_of(const iceberg::TableMetadata& metadata, const iceberg::DataFile& file) {
  const auto* spec = metadata.find_spec(file.spec_id);
  return spec == nullptr ? "?" : iceberg::partition_path(metadata.schema(), *spec, file.partition);
}

Result<> files(OpenedLake& lake, const iceberg::Table& table, const TableFlags& flags) {
  TL_ASSIGN(const auto metadata, as_asked(table.metadata, flags));
  TL_ASSIGN(const auto entries, iceberg::plan_files(*metadata, *lake.io, {}));
  std::vector<Cells> rows;
  for (const auto& entry : entries) {
    const auto& file = entry.file;
    rows.push_back({file.path, fmt::to_string(file.record_count), fmt::to_string(file.size_bytes),
                    fmt::to_string(file.spec_id.value), partition_of(*metadata, file),
                    fmt::to_string(entry.deletes.size())});
  }
  show({"path", "rows", "bytes", "spec_id", "partition", "delete_files"}, std::move(rows),
       {"rows", "bytes", "spec_id", "delete_files"}, flags.json);
  return {};
}

Result<> partitions(OpenedLake& lake, const iceberg::Table& table, const TableFlags& flags) {
  struct Sum {
    std::int64_t files = 0, rows = 0, bytes = 0;
  };
  TL_ASSIGN(const auto metadata, as_asked(table.metadata, flags));
  TL_ASSIGN(const auto entries, iceberg::plan_files(*metadata, *lake.io, {}));
  std::map<std::pair<iceberg::SpecId, std::string>, Sum> sums;
  for (const auto& entry : entries) {
    auto& sum = sums[{entry.file.spec_id, partition_of(*metadata, entry.file)}];
    ++sum.files;
    sum.rows += entry.file.record_count;
    sum.bytes += entry.file.size_bytes;
  }
  std::vector<Cells> rows;
  for (const auto& [where, sum] : sums) {
    rows.push_back({fmt::to_string(where.first.value), where.second, fmt::to_string(sum.files),
                    fmt::to_string(sum.rows), fmt::to_string(sum.bytes)});
  }
  show({"spec_id", "partition", "files", "rows", "bytes"}, std::move(rows),
       {"spec_id", "files", "rows", "bytes"}, flags.json);
  return {};
}

// What main was, when.
Result<> history(const iceberg::Table& table, const TableFlags& flags) {
  const auto& metadata = *table.metadata;
  std::set<iceberg::SnapshotId> current;
  for (const auto* one : iceberg::ancestors(metadata, metadata.current_snapshot_id))
    current.insert(one->id);
  std::vector<Cells> rows;
  for (const auto& entry : metadata.snapshot_log) {
    const auto* snapshot = metadata.find_snapshot(entry.snapshot_id);
    rows.push_back({time_text(entry.timestamp_ms), fmt::to_string(entry.snapshot_id.value),
                    snapshot == nullptr ? "-" : text_or_dash(snapshot->parent_id),
                    current.contains(entry.snapshot_id) ? "true" : "false"});
  }
  show({"time", "snapshot_id", "parent_id", "is_ancestor_of_current"}, std::move(rows),
       {"snapshot_id", "parent_id", "is_ancestor_of_current"}, flags.json);
  return {};
}

Result<> refs(const iceberg::Table& table, const TableFlags& flags) {
  std::vector<Cells> rows;
  for (const auto& [name, ref] : table.metadata->refs) {
    const auto number = [](const auto& value) { return value ? fmt::to_string(*value) : "-"; };
    rows.push_back({name, ref.tag ? "tag" : "branch", fmt::to_string(ref.snapshot_id.value),
                    number(ref.max_ref_age_ms), number(ref.min_snapshots_to_keep),
                    number(ref.max_snapshot_age_ms)});
  }
  show({"name", "type", "snapshot_id", "max_ref_age_ms", "min_snapshots_to_keep",
        "max_snapshot_age_ms"},
       std::move(rows),
       {"snapshot_id", "max_ref_age_ms", "min_snapshots_to_keep", "max_snapshot_age_ms"},
       flags.json);
  return {};
}

using Look = std::function<Result<>(OpenedLake&, const iceberg::Table&, const TableFlags&)>;

void add(CLI::App& command, Run& run, const std::string& name, const std::string& text,
         bool time_travel, Look look) {
  auto* sub = command.add_subcommand(name, text);
  auto flags = TableFlags::add(*sub);
  flags->add_json(*sub);
  if (time_travel) flags->add_time_travel(*sub);
  sub->callback([flags, look = std::move(look), &run] {
    run = [flags, look] {
      return with_table(*flags, [&](OpenedLake& lake, iceberg::Table& table) {
        return look(lake, table, *flags);
      });
    };
  });
}

}  // namespace

void add_table_looks(CLI::App& command, Run& run) {
  auto* sub = command.add_subcommand("list", "Every table and its metadata pointer");
  auto settings = SettingFlags::add(*sub, {"data_dir", "catalog", "warehouse"});
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "As JSON");
  sub->callback([settings, json, &run] {
    run = [settings, json] {
      const auto done = list(*settings, *json);
      return done ? static_cast<int>(Exit::done) : report(done.error());
    };
  });
  const auto without_lake = [](auto look) {
    return [look](OpenedLake&, const iceberg::Table& table, const TableFlags& flags) {
      return look(table, flags);
    };
  };
  add(command, run, "schema", "Columns with ids, types and texts", true, without_lake(schema));
  add(command, run, "snapshots", "Snapshots, oldest first", false, without_lake(snapshots));
  add(command, run, "files", "Live data files", true, files);
  add(command, run, "partitions", "Files, rows and bytes per partition", true, partitions);
  add(command, run, "history", "Which snapshot was the current one, and since when", false,
      without_lake(history));
  add(command, run, "refs", "Branches and tags", false, without_lake(refs));
  add_table_scan(command, run);
}

}  // namespace tradelake::cli
