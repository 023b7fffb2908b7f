// Our metadata layer as a command, for tests that hold it against PyIceberg.
//
//   iceberg_tool create CATALOG WAREHOUSE NAMESPACE.NAME   < {"schema", "spec", "properties"}
//   iceberg_tool commit CATALOG NAMESPACE.NAME             < [{"operation", "added", …}, …]
//   iceberg_tool dump   CATALOG NAMESPACE.NAME             > every snapshot's manifests, entries
//   iceberg_tool append CATALOG NAMESPACE.NAME ROWS.arrow
//   iceberg_tool read   CATALOG NAMESPACE.NAME ROWS.arrow
//   iceberg_tool select CATALOG NAMESPACE.NAME             < [[[column, comparison, hex…], …], …]
//   iceberg_tool fixture FOLDER ROOT METADATA_NAME         < the same: see fixture.h
//   iceberg_tool rewrite METADATA_FILE                     > the file parsed and written again
//   iceberg_tool scan   METADATA_FILE [SNAPSHOT_ID]        > its rows as text
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include <arrow/api.h>

#include "dump_json.h"
#include "fixture.h"
#include "iceberg/json_access.h"
#include "iceberg/scan.h"
#include "iceberg/schema_json.h"
#include "iceberg/table.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/transaction.h"
#include "opened.h"
#include "rows.h"

namespace tradelake::iceberg {
namespace {

using Json = nlohmann::json;

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

Result<> create(const std::string& address, const std::string& warehouse, const std::string& name,
                const Json& input) {
  TL_ASSIGN(auto catalog, open_catalog(address));
  TL_ASSIGN(auto io, open_files(warehouse));
  TableDefinition definition;
  definition.ident = ident_of(name);
  TL_ASSIGN(definition.schema, schema_from_json(input.at("schema")));
  TL_ASSIGN(definition.spec, partition_spec_from_json(input.at("spec")));
  definition.properties = input.value("properties", std::map<std::string, std::string>{});
  TL_TRY(ensure_table(*catalog, *io, warehouse, definition));
  return {};
}

Result<> commit(const std::string& address, const std::string& name, const Json& input) {
  TL_ASSIGN(auto opened, open_table(address, name));
  auto& [catalog, io, table] = opened;
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

Result<> dump(const std::string& address, const std::string& name) {
  TL_ASSIGN(const auto opened, open_table(address, name));
  TL_ASSIGN(const auto text, dump_json(opened.table, *opened.io));
  std::cout << text << "\n";
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
  if (args.size() == 4 && args[0] == "append") return append_rows(args[1], args[2], args[3]);
  if (args.size() == 4 && args[0] == "read") return read_rows(args[1], args[2], args[3]);
  if (args.size() == 3 && args[0] == "select") return select_ids(args[1], args[2], input());
  if (args.size() == 4 && args[0] == "fixture")
    return read_fixture(args[1], args[2], args[3], input());
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
