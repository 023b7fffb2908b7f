// From a frame to the records it is logged as: which topic, which key, in how many parts.
//
// Threads: one owner. Does not: append.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/route.h"
#include "log/record.h"

namespace tradelake::log {

struct FrameCounts {
  std::int64_t logged = 0;
  std::int64_t control = 0;  // answers of the exchange, not market data
  std::int64_t skipped = 0;  // streams nobody stores
  std::int64_t unroutable = 0;
  std::int64_t too_large = 0;
};

class FrameRecords {
 public:
  // Appends the frame's records to `out`; their views point into `text`, `category`, `conn` and
  // this object, and stay valid until clear().
  void add(std::string_view text, std::string_view category, std::string_view conn,
           std::int64_t recv_ns, Origin origin, std::int64_t source_n, std::vector<NewRecord>& out);
  void clear() { keys_.clear(); }
  const FrameCounts& counts() const { return counts_; }

 private:
  std::string_view topic(std::string_view category, std::string_view stream);

  bybit::Router router_;
  std::map<std::string, std::string, std::less<>> topics_;  // "category/stream" to its name
  std::deque<std::string> keys_;                            // keeps its elements in place
  FrameCounts counts_;
};

}  // namespace tradelake::log
