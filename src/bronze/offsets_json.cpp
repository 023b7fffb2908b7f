#include "bronze/offsets_json.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tradelake::bronze {

std::string offsets_to_json(const log::NextOffsets& offsets) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [where, next_offset] : offsets) {
    if (next_offset > 0) json[where.topic][fmt::to_string(where.partition)] = next_offset;
  }
  return json.dump();
}

std::optional<log::NextOffsets> offsets_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  log::NextOffsets offsets;
  for (const auto& [topic, partitions] : json.items()) {
    if (!partitions.is_object()) return std::nullopt;
    for (const auto& [name, next_offset] : partitions.items()) {
      std::int32_t partition = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), partition);
      if (error != std::errc{} || end != name.data() + name.size() ||
          !next_offset.is_number_integer())
        return std::nullopt;
      offsets[{topic, partition}] = next_offset.get<std::int64_t>();
    }
  }
  return offsets;
}

}  // namespace tradelake::bronze
