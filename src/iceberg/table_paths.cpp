#include "iceberg/table_paths.h"

#include <charconv>

#include <fmt/format.h>

#include "iceberg/random_id.h"

namespace tradelake::iceberg {
namespace {

std::string folder(const TableMetadata& metadata, const std::string& property,
                   std::string_view name) {
  const auto it = metadata.properties.find(property);
  if (it == metadata.properties.end()) return fmt::format("{}/{}", metadata.location, name);
  auto path = it->second;
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

std::string metadata_folder(const TableMetadata& metadata) {
  return folder(metadata, "write.metadata.path", "metadata");
}

std::string data_folder(const TableMetadata& metadata) {
  return folder(metadata, "write.data.path", "data");
}

std::string next_metadata_location(const TableMetadata& metadata, std::string_view previous) {
  std::int64_t version = 0;
  const auto name = previous.substr(previous.rfind('/') + 1);
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  const bool numbered = error == std::errc{} && end != name.data() + name.size() && *end == '-';
  version = numbered && version >= 0 ? version + 1 : 0;
  return fmt::format("{}/{:05}-{}.metadata.json", metadata_folder(metadata), version,
                     random_uuid());
}

}  // namespace tradelake::iceberg
