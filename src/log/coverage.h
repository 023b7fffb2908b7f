// What was not received live: from what connections tell of themselves to the gaps of their
// markets, and how far each connection is known to be whole.
//
// A connection is whole while it is subscribed and nothing of it was dropped. Both ends of a gap
// are moved outwards by a margin: the exchange's clock is not ours, and what it matched last before
// the end may not have arrived. Threads: one owner. Invariant: covered() never reaches beyond a gap
// that gaps() has not given out. Does not: read or write the log; fill gaps.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "feed/bybit_source.h"
#include "log/gap_record.h"

namespace tradelake::log {

struct MarketGap {
  bybit::Category category{};
  std::string symbol;
  std::string conn;
  Gap gap;
};

// A span of receive times in which frames of a connection were dropped.
struct Dropped {
  std::int64_t first_ns = 0, last_ns = 0;
};

// By connection, microseconds since the epoch.
using CoveredUntil = std::map<std::string, std::int64_t, std::less<>>;

class Coverage {
 public:
  static constexpr std::int64_t margin_us = 2'000'000;

  // `before`: how far earlier processes were whole. A connection that is not among them takes what
  // the least of its category was: its markets may have been on any.
  explicit Coverage(CoveredUntil before = {}) : before_(std::move(before)) {}

  void take(const feed::ConnectionEvent& event);
  void take_dropped(std::string_view conn, const Dropped& dropped);

  // Since the last call.
  std::vector<MarketGap> gaps();
  CoveredUntil covered();

 private:
  struct Connection {
    bybit::Category category{};
    std::vector<std::string> topics;
    std::int64_t lost_us = 0;  // 0: not lost since this process began
    bool whole = false;
  };

  void add_gaps(const std::string& conn, const Connection& connection, Gap gap);
  std::int64_t whole_before(const std::string& conn, bybit::Category category) const;

  CoveredUntil before_, covered_;
  std::map<std::string, Connection, std::less<>> connections_;
  std::vector<MarketGap> gaps_;
};

}  // namespace tradelake::log
