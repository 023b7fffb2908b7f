#include "iceberg/table_properties.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "iceberg/metadata_action.h"

namespace tradelake::iceberg {
namespace {

Result<> check_key(const std::string& key) {
  // Java's TableProperties.RESERVED_PROPERTIES.
  static constexpr std::array<std::string_view, 9> reserved{
      "format-version",           "uuid",
      "snapshot-count",           "current-snapshot-id",
      "current-snapshot-summary", "current-snapshot-timestamp-ms",
      "current-schema",           "default-partition-spec",
      "default-sort-order"};
  if (key.empty()) return make_error(Errc::invalid_argument, "a property needs a name");
  if (std::ranges::find(reserved, key) == reserved.end()) return {};
  return make_error(Errc::invalid_argument,
                    "property '{}' is kept for the table format itself and cannot be changed", key);
}

}  // namespace

std::unique_ptr<Action> set_properties(std::map<std::string, std::string> properties) {
  return change_metadata(
      [properties = std::move(properties)](TableMetadata& next, std::int64_t) -> Result<> {
        for (const auto& [key, value] : properties) {
          TL_TRY(check_key(key));
          next.properties[key] = value;
        }
        return {};
      });
}

std::unique_ptr<Action> remove_properties(std::vector<std::string> keys) {
  return change_metadata([keys = std::move(keys)](TableMetadata& next, std::int64_t) -> Result<> {
    for (const auto& key : keys) {
      TL_TRY(check_key(key));
      next.properties.erase(key);
    }
    return {};
  });
}

}  // namespace tradelake::iceberg
