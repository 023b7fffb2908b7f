#include "fixture.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "dump_json.h"
#include "filter_json.h"
#include "iceberg/parquet_memory_io.h"
#include "iceberg/partition.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

using Json = nlohmann::json;

MemoryIo files_below(const std::string& folder, const std::string& root) {
  MemoryIo io;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const auto relative = std::filesystem::relative(entry.path(), folder).string();
    io.files[root + "/" + relative] = {std::istreambuf_iterator<char>(in), {}};
  }
  return io;
}

// By data file, of all snapshots.
Result<Json> partition_paths(const TableMetadata& metadata, FileIo& io) {
  Json paths = Json::object();
  for (const auto& snapshot : metadata.snapshots) {
    TL_ASSIGN(const auto manifests, read_manifest_list(io, snapshot));
    for (const auto& manifest : manifests) {
      const auto& spec = *metadata.find_spec(manifest.spec_id);
      TL_ASSIGN(const auto entries, read_manifest(metadata, io, manifest));
      for (const auto& entry : entries)
        paths[entry.file.path] = partition_path(metadata.schema(), spec, entry.file.partition);
    }
  }
  return paths;
}

}  // namespace

Result<> read_fixture(const std::string& folder, const std::string& root,
                      const std::string& metadata_name, const Json& filters) {
  auto io = files_below(folder, root);
  TL_ASSIGN(const auto table, load_table_at(io, {"t", "fixture"}, root + "/" + metadata_name));
  const auto& metadata = *table.metadata;
  TL_ASSIGN(const auto dump, dump_json(table, io));
  TL_ASSIGN(const auto paths, partition_paths(metadata, io));
  Json plans = Json::array();
  for (const auto& given : filters) {
    TL_ASSIGN(const auto filter, filter_from_json(metadata.schema(), given));
    TL_ASSIGN(const auto planned, plan_files(metadata, io, filter));
    Json names = Json::array();
    for (const auto& file : planned) names.push_back(file.file.path);
    plans.push_back(std::move(names));
  }
  std::cout
      << Json{{"dump", Json::parse(dump)}, {"partition_paths", paths}, {"plans", plans}}.dump()
      << '\n';
  return {};
}

}  // namespace tradelake::iceberg
