#include "log/coverage.h"

#include <algorithm>

#include "bybit/topic.h"

namespace tradelake::log {
namespace {

constexpr std::int64_t ns_per_us = 1'000;

}  // namespace

void Coverage::take(const feed::ConnectionEvent& event) {
  using feed::ConnectionChange;
  auto& connection = connections_[event.conn];
  const std::int64_t inbound_us = event.last_inbound_ns / ns_per_us;
  switch (event.change) {
    case ConnectionChange::alive:
      if (connection.whole) covered_[event.conn] = inbound_us;
      return;
    case ConnectionChange::lost:
      connection.whole = false;
      connection.lost_us = inbound_us;
      return;
    case ConnectionChange::subscribed:
      break;
  }
  connection.category = event.category;
  connection.topics = event.topics;
  connection.whole = true;
  const bool first = connection.lost_us == 0;
  const std::int64_t from_us =
      first ? whole_before(event.conn, event.category) : connection.lost_us;
  if (from_us > 0) {
    add_gaps(event.conn, connection,
             {from_us, event.at_ns / ns_per_us, first ? "not_running" : "connection_lost"});
  }
  covered_[event.conn] = event.at_ns / ns_per_us;
}

void Coverage::take_dropped(std::string_view conn, const Dropped& dropped) {
  const auto found = connections_.find(conn);
  // Not subscribed yet: the gap until then has these, too.
  if (found == connections_.end() || found->second.topics.empty()) return;
  add_gaps(found->first, found->second,
           {dropped.first_ns / ns_per_us, dropped.last_ns / ns_per_us, "queue_full"});
}

void Coverage::add_gaps(const std::string& conn, const Connection& connection, Gap gap) {
  gap.from_us -= margin_us;
  gap.to_us = std::max(gap.to_us, gap.from_us + margin_us) + margin_us;
  for (const auto& topic : connection.topics) {
    const auto parsed = bybit::parse_topic(topic);
    if (parsed) gaps_.push_back({connection.category, std::string(parsed->key), conn, gap});
  }
}

std::int64_t Coverage::whole_before(const std::string& conn, bybit::Category category) const {
  if (const auto found = before_.find(conn); found != before_.end()) return found->second;
  std::int64_t least = 0;
  for (const auto& [other, until_us] : before_) {
    if (!other.starts_with(to_string(category))) continue;
    least = least == 0 ? until_us : std::min(least, until_us);
  }
  return least;
}

std::vector<MarketGap> Coverage::gaps() {
  return std::exchange(gaps_, {});
}

CoveredUntil Coverage::covered() {
  return std::exchange(covered_, {});
}

}  // namespace tradelake::log
