// Our metadata layer as a command, for tests that hold it against PyIceberg.
//
//   iceberg_tool create CATALOG_DB WAREHOUSE NAMESPACE.NAME   < {"schema", "spec", "properties"}
//   iceberg_tool commit CATALOG_DB NAMESPACE.NAME             < [{"operation", "added", …}, …]
//   iceberg_tool dump   CATALOG_DB NAMESPACE.NAME             > every snapshot's manifests, entries
//   iceberg_tool rewrite METADATA_FILE                        > the file parsed and written again
//   iceberg_tool scan   METADATA_FILE [SNAPSHOT_ID]           > its rows as text
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include <arrow/api.h>

#include "iceberg/json_access.h"
#include "iceberg/json_writer.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/scan.h"
#include "iceberg/schema_json.h"
#include "iceberg/table.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/transaction.h"

namespace tradelake::iceberg {
namespace {

using Json = nlohmann::json;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string unhex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TableIdent ident_of(const std::string& name) {
  const auto dot = name.find('.');
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// Partition values travel as their Appendix D bytes in hexadecimal.
Result<PartitionTuple> partition_of(const Json& values, const std::vector<TypePtr>& types) {
  PartitionTuple tuple;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (values.at(i).is_null()) {
      tuple.emplace_back();
      continue;
    }
    TL_ASSIGN(auto value, from_bytes(*types[i], unhex(values.at(i).get<std::string>())));
    tuple.emplace_back(std::move(value));
  }
  return tuple;
}

template <class T, class Convert>
void read_column_map(const Json& file, const char* key, std::map<FieldId, T>& map,
                     Convert convert) {
  if (!file.contains(key)) return;
  for (const auto& [id, value] : file.at(key).items()) {
    map.emplace(FieldId{std::stoi(id)}, convert(value));
  }
}

Result<DataFile> data_file_of(const Json& json, const TableMetadata& metadata) {
  DataFile file;
  file.path = json.at("path").get<std::string>();
  file.record_count = json.at("record_count").get<std::int64_t>();
  file.size_bytes = json.at("size_bytes").get<std::int64_t>();
  file.spec_id = metadata.default_spec_id;
  TL_ASSIGN(file.partition, partition_of(json.value("partition", Json::array()),
                                         partition_types(metadata, metadata.spec())));
  const auto number = [](const Json& value) { return value.get<std::int64_t>(); };
  const auto bytes = [](const Json& value) { return unhex(value.get<std::string>()); };
  read_column_map(json, "column_sizes", file.column_sizes, number);
  read_column_map(json, "value_counts", file.value_counts, number);
  read_column_map(json, "null_value_counts", file.null_value_counts, number);
  read_column_map(json, "lower_bounds", file.lower_bounds, bytes);
  read_column_map(json, "upper_bounds", file.upper_bounds, bytes);
  if (json.contains("split_offsets")) {
    file.split_offsets = json.at("split_offsets").get<std::vector<std::int64_t>>();
  }
  return file;
}

Result<> create(const std::string& database, const std::string& warehouse, const std::string& name,
                const Json& input) {
  TL_ASSIGN(auto catalog, open_sqlite_catalog(database, "tradelake"));
  TL_ASSIGN(auto io, make_local_file_io());
  TableDefinition definition;
  definition.ident = ident_of(name);
  TL_ASSIGN(definition.schema, schema_from_json(input.at("schema")));
  TL_ASSIGN(definition.spec, partition_spec_from_json(input.at("spec")));
  definition.properties = input.value("properties", std::map<std::string, std::string>{});
  TL_TRY(ensure_table(*catalog, *io, warehouse, definition));
  return {};
}

Result<> commit(const std::string& database, const std::string& name, const Json& input) {
  TL_ASSIGN(auto catalog, open_sqlite_catalog(database, "tradelake"));
  TL_ASSIGN(auto io, make_local_file_io());
  TL_ASSIGN(auto table, load_table(*catalog, *io, ident_of(name)));
  for (const auto& step : input) {
    std::vector<DataFile> added;
    for (const auto& json : step.value("added", Json::array())) {
      TL_ASSIGN(auto file, data_file_of(json, *table.metadata));
      added.push_back(std::move(file));
    }
    auto removed = step.value("removed", std::vector<std::string>{});
    SnapshotNote note{.summary = step.value("summary", std::map<std::string, std::string>{}),
                      .tag = step.value("tag", std::string{}),
                      .carry = {}};
    const auto operation = step.at("operation").get<std::string>();
    Transaction transaction(*catalog, *io);
    if (operation == "append") {
      transaction.add(table, append_files(std::move(added), std::move(note)));
    } else if (operation == "replace") {
      const auto at = table.metadata->last_sequence_number;
      transaction.add(table,
                      replace_files(std::move(removed), std::move(added), at, std::move(note)));
    } else {
      transaction.add(table,
                      overwrite_files(std::move(removed), std::move(added), std::move(note)));
    }
    TL_TRY(transaction.commit());
  }
  return {};
}

template <class T, class Write>
void write_column_map(JsonWriter& json, const char* key, const std::map<FieldId, T>& map,
                      Write write) {
  json.key(key).open_object();
  for (const auto& [id, value] : map) {
    json.key(fmt::format("{}", id.value));
    write(value);
  }
  json.close_object();
}

void write_entry(JsonWriter& json, const ManifestEntry& entry, const std::vector<TypePtr>& types) {
  const auto number = [&](std::int64_t value) { json.integer(value); };
  const auto bytes = [&](const std::string& value) { json.string(hex(value)); };
  const auto& file = entry.file;
  json.open_object()
      .member("status", static_cast<int>(entry.status))
      .member("snapshot_id", entry.snapshot_id->value)
      .member("sequence_number", entry.sequence_number->value)
      .member("file_sequence_number", entry.file_sequence_number->value)
      .member("content", static_cast<int>(file.content))
      .member("path", file.path)
      .member("format", file.format)
      .member("record_count", file.record_count)
      .member("size_bytes", file.size_bytes);
  json.key("partition").open_array();
  for (std::size_t i = 0; i < file.partition.size(); ++i) {
    if (file.partition[i]) {
      json.string(hex(to_bytes(*types[i], *file.partition[i])));
    } else {
      json.raw("null");
    }
  }
  json.close_array();
  write_column_map(json, "column_sizes", file.column_sizes, number);
  write_column_map(json, "value_counts", file.value_counts, number);
  write_column_map(json, "null_value_counts", file.null_value_counts, number);
  write_column_map(json, "nan_value_counts", file.nan_value_counts, number);
  write_column_map(json, "lower_bounds", file.lower_bounds, bytes);
  write_column_map(json, "upper_bounds", file.upper_bounds, bytes);
  json.key("split_offsets").open_array();
  for (const auto offset : file.split_offsets) json.integer(offset);
  json.close_array().close_object();
}

Result<> write_manifest(JsonWriter& json, const TableMetadata& metadata, FileIo& io,
                        const ManifestFile& manifest) {
  const auto optional_bytes = [&](const char* key, const std::optional<std::string>& bytes) {
    json.key(key);
    if (bytes) {
      json.string(hex(*bytes));
    } else {
      json.raw("null");
    }
  };
  json.open_object()
      .member("path", manifest.path)
      .member("length", manifest.length_bytes)
      .member("spec_id", manifest.spec_id.value)
      .member("content", static_cast<int>(manifest.content))
      .member("sequence_number", manifest.sequence_number.value)
      .member("min_sequence_number", manifest.min_sequence_number.value)
      .member("added_snapshot_id", manifest.added_snapshot_id.value)
      .member("added_files_count", manifest.added_files_count)
      .member("existing_files_count", manifest.existing_files_count)
      .member("deleted_files_count", manifest.deleted_files_count)
      .member("added_rows_count", manifest.added_rows_count)
      .member("existing_rows_count", manifest.existing_rows_count)
      .member("deleted_rows_count", manifest.deleted_rows_count);
  json.key("partitions").open_array();
  for (const auto& summary : manifest.partitions) {
    json.open_object().key("contains_null").boolean(summary.contains_null);
    json.key("contains_nan");
    if (summary.contains_nan) {
      json.boolean(*summary.contains_nan);
    } else {
      json.raw("null");
    }
    optional_bytes("lower_bound", summary.lower_bound);
    optional_bytes("upper_bound", summary.upper_bound);
    json.close_object();
  }
  json.close_array().key("entries").open_array();
  TL_ASSIGN(const auto entries, read_manifest(metadata, io, manifest));
  const auto types = partition_types(metadata, *metadata.find_spec(manifest.spec_id));
  for (const auto& entry : entries) write_entry(json, entry, types);
  json.close_array().close_object();
  return {};
}

Result<> dump(const std::string& database, const std::string& name) {
  TL_ASSIGN(auto catalog, open_sqlite_catalog(database, "tradelake"));
  TL_ASSIGN(auto io, make_local_file_io());
  TL_ASSIGN(const auto table, load_table(*catalog, *io, ident_of(name)));
  JsonWriter json;
  json.open_object().member("metadata_location", table.metadata_location);
  json.key("metadata").raw(to_json(*table.metadata));
  json.key("manifests").open_object();
  for (const auto& snapshot : table.metadata->snapshots) {
    TL_ASSIGN(const auto manifests, read_manifest_list(*io, snapshot));
    json.key(fmt::format("{}", snapshot.id.value)).open_array();
    for (const auto& manifest : manifests) {
      TL_TRY(write_manifest(json, *table.metadata, *io, manifest));
    }
    json.close_array();
  }
  json.close_object().close_object();
  std::cout << std::move(json).take() << "\n";
  return {};
}

Result<> rewrite(const std::string& path) {
  TL_ASSIGN(auto io, make_local_file_io());
  TL_ASSIGN(const auto bytes, io->read(path));
  TL_ASSIGN(const auto metadata, table_metadata_from_json(bytes));
  std::cout << to_json(metadata) << "\n";
  return {};
}

Result<> scan(const std::string& path, std::optional<SnapshotId> snapshot) {
  TL_ASSIGN(auto io, make_local_file_io());
  TL_ASSIGN(const auto bytes, io->read(path));
  TL_ASSIGN(const auto metadata, table_metadata_from_json(bytes));
  TL_ASSIGN(const auto planned, plan_files(metadata, *io, {}, snapshot));
  for (const auto& file : planned) {
    TL_ASSIGN(const auto rows, read_data_file(metadata, *io, file, {}, {}));
    for (std::int64_t row = 0; row < rows->num_rows(); ++row) {
      for (int column = 0; column < rows->num_columns(); ++column) {
        const auto value = rows->column(column)->GetScalar(row);
        std::cout << (column == 0 ? "" : "\t") << (value.ok() ? (*value)->ToString() : "?");
      }
      std::cout << '\n';
    }
  }
  return {};
}

Result<> run(const std::vector<std::string>& args) {
  const auto input = [] { return Json::parse(std::cin); };
  if (args.size() == 4 && args[0] == "create") return create(args[1], args[2], args[3], input());
  if (args.size() == 3 && args[0] == "commit") return commit(args[1], args[2], input());
  if (args.size() == 3 && args[0] == "dump") return dump(args[1], args[2]);
  if (args.size() == 2 && args[0] == "rewrite") return rewrite(args[1]);
  if (args.size() == 2 && args[0] == "scan") return scan(args[1], {});
  if (args.size() == 3 && args[0] == "scan") return scan(args[1], SnapshotId{std::stoll(args[2])});
  return make_error(Errc::invalid_argument, "see the head of tests/iceberg/tool/main.cpp");
}

}  // namespace
}  // namespace tradelake::iceberg

int main(int argc, char** argv) {
  const auto done = tradelake::iceberg::run({argv + 1, argv + argc});
  if (done) return 0;
  std::cerr << to_string(done.error().code) << ": " << done.error().message << "\n";
  return 1;
}
