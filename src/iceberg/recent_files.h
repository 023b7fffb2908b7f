// The small files that were written last, so that they need not be fetched: each commit reads the
// manifest list that the one before it wrote. Files never change under a name, so what is kept is
// right for as long as it is kept.
//
// Threads: any. Invariant: at most `limit_bytes` of bytes. Does not: keep what others wrote.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tradelake::iceberg {

class RecentFiles {
 public:
  explicit RecentFiles(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // Files of more than an eighth of the limit are not kept.
  void add(std::string_view uri, std::string_view bytes);
  std::optional<std::string> find(std::string_view uri) const;
  void forget(std::string_view uri);

 private:
  const std::size_t limit_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> files_;
  std::deque<std::string> order_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace tradelake::iceberg
