#include "iceberg/manifest_merge.h"

#include <algorithm>

#include "iceberg/properties.h"

namespace tradelake::iceberg {

MergePolicy merge_policy(const std::map<std::string, std::string>& properties) {
  MergePolicy policy;
  const auto enabled = properties.find("commit.manifest-merge.enabled");
  policy.enabled = enabled == properties.end() || enabled->second != "false";
  if (const auto bytes = positive_property(properties, "commit.manifest.target-size-bytes")) {
    policy.target_bytes = *bytes;
  }
  if (const auto count = positive_property(properties, "commit.manifest.min-count-to-merge")) {
    policy.min_count = static_cast<std::size_t>(*count);
  }
  return policy;
}

std::vector<std::vector<std::size_t>> merge_bins(const std::vector<std::int64_t>& sizes,
                                                 const MergePolicy& policy) {
  std::vector<std::vector<std::size_t>> bins;
  if (!policy.enabled) {
    for (std::size_t i = 0; i < sizes.size(); ++i) bins.push_back({i});
    return bins;
  }
  // Packed from the oldest, so that full bins stay as they are from commit to commit.
  std::int64_t filled = 0;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (bins.empty() || filled + sizes[i] > policy.target_bytes) {
      bins.emplace_back();
      filled = 0;
    }
    bins.back().push_back(i);
    filled += sizes[i];
  }
  std::ranges::reverse(bins);
  for (auto& bin : bins) std::ranges::reverse(bin);
  if (!bins.empty() && bins.front().size() < policy.min_count) {
    const auto newest = std::move(bins.front());
    bins.erase(bins.begin());
    std::vector<std::vector<std::size_t>> single;
    for (const auto index : newest) single.push_back({index});
    bins.insert(bins.begin(), single.begin(), single.end());
  }
  return bins;
}

}  // namespace tradelake::iceberg
