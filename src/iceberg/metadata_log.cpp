#include "iceberg/metadata_log.h"

#include <algorithm>

#include "iceberg/properties.h"

namespace tradelake::iceberg {

std::vector<std::string> log_previous_metadata(TableMetadata& next,
                                               const std::string& previous_file,
                                               std::int64_t previous_updated_ms) {
  constexpr std::int64_t default_versions = 100;
  auto& log = next.metadata_log;
  log.push_back({previous_file, previous_updated_ms});
  const auto keep = positive_property(next.properties, "write.metadata.previous-versions-max")
                        .value_or(default_versions);
  if (std::cmp_less_equal(log.size(), keep)) return {};
  const auto first_kept = log.end() - keep;
  std::vector<std::string> dropped;
  const auto property = next.properties.find("write.metadata.delete-after-commit.enabled");
  if (property != next.properties.end() && property->second == "true") {
    for (auto it = log.begin(); it != first_kept; ++it) dropped.push_back(it->metadata_file);
  }
  log.erase(log.begin(), first_kept);
  return dropped;
}

}  // namespace tradelake::iceberg
