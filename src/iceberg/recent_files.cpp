#include "iceberg/recent_files.h"

namespace tradelake::iceberg {

void RecentFiles::add(std::string_view uri, std::string_view bytes) {
  if (bytes.size() > limit_bytes_ / 8) return;
  const std::lock_guard lock(mutex_);
  if (!files_.emplace(uri, bytes).second) return;
  order_.emplace_back(uri);
  bytes_ += bytes.size();
  while (bytes_ > limit_bytes_) {
    const auto oldest = files_.find(order_.front());
    bytes_ -= oldest->second.size();
    files_.erase(oldest);
    order_.pop_front();
  }
}

std::optional<std::string> RecentFiles::find(std::string_view uri) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(uri);
  if (found == files_.end()) return std::nullopt;
  return found->second;
}

void RecentFiles::forget(std::string_view uri) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(uri);
  if (found == files_.end()) return;
  bytes_ -= found->second.size();
  files_.erase(found);
  std::erase(order_, uri);
}

}  // namespace tradelake::iceberg
