#include "iceberg/snapshot_summary.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace tradelake::iceberg {
namespace {

std::optional<std::int64_t> number_in(const std::map<std::string, std::string>& summary,
                                      const std::string& key) {
  const auto it = summary.find(key);
  if (it == summary.end()) return std::nullopt;
  const auto& text = it->second;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void SummaryCounters::added(const DataFile& file) {
  ++added_.files;
  added_.records += file.record_count;
  added_.bytes += file.size_bytes;
  partitions_.insert(partition_key(file.spec_id, file.partition));
}

void SummaryCounters::removed(const DataFile& file) {
  ++removed_.files;
  removed_.records += file.record_count;
  removed_.bytes += file.size_bytes;
  partitions_.insert(partition_key(file.spec_id, file.partition));
}

void SummaryCounters::write(const Snapshot* parent,
                            std::map<std::string, std::string>& summary) const {
  const auto put = [&](const std::string& key, std::int64_t number) {
    summary.try_emplace(key, fmt::format("{}", number));
  };
  const auto put_if_any = [&](const std::string& key, std::int64_t number) {
    if (number > 0) put(key, number);
  };
  put_if_any("added-data-files", added_.files);
  put_if_any("added-records", added_.records);
  put_if_any("added-files-size", added_.bytes);
  put_if_any("deleted-data-files", removed_.files);
  put_if_any("deleted-records", removed_.records);
  put_if_any("removed-files-size", removed_.bytes);
  put("changed-partition-count", static_cast<std::int64_t>(partitions_.size()));

  const auto put_total = [&](const std::string& key, std::int64_t change) {
    const auto before = parent ? number_in(parent->summary, key) : 0;
    if (before && *before + change >= 0) put(key, *before + change);
  };
  put_total("total-data-files", added_.files - removed_.files);
  put_total("total-records", added_.records - removed_.records);
  put_total("total-files-size", added_.bytes - removed_.bytes);
  put_total("total-delete-files", 0);
  put_total("total-position-deletes", 0);
  put_total("total-equality-deletes", 0);
}

}  // namespace tradelake::iceberg
