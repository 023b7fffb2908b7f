#include "log/frame_records.h"

#include <algorithm>

#include <fmt/format.h>

#include "bybit/category.h"
#include "log/topic.h"

namespace tradelake::log {

std::string_view FrameRecords::topic(std::string_view category, std::string_view stream) {
  // A hostile category must not make a topic of its own.
  if (!bybit::parse_category(category)) {
    category = unknown_category;
    stream = unroutable_stream;
  }
  char key[64];
  const auto size =
      static_cast<std::size_t>(fmt::format_to_n(key, sizeof key, "{}/{}", category, stream).size);
  const std::string_view wanted(key, std::min(size, sizeof key));
  const auto found = topics_.find(wanted);
  if (found != topics_.end()) return found->second;
  return topics_.emplace(wanted, topic_name(category, stream)).first->second;
}

void FrameRecords::add(std::string_view text, std::string_view category, std::string_view conn,
                       std::int64_t recv_ns, Origin origin, std::int64_t source_n,
                       std::vector<NewRecord>& out) {
  const auto route = router_.route(text);
  if (route.kind == bybit::RouteKind::control) {
    ++counts_.control;
    return;
  }
  // Of what nobody can have klines of, or cannot read, nothing is stored: it is no market data
  // lost.
  const auto known = bybit::parse_category(category);
  const bool strange_kline =
      route.kind == bybit::RouteKind::kline &&
      (!known || !bybit::has_klines(*known) || text.size() > max_frame_bytes);
  if (route.kind == bybit::RouteKind::skipped || strange_kline) {
    ++counts_.skipped;
    return;
  }
  NewRecord record;
  record.headers = {recv_ns, category, conn, origin, RecordKind::frame, 0, 0};
  record.source_n = source_n;
  ++counts_.logged;
  if (text.size() > max_frame_bytes) {
    ++counts_.too_large;
    record.topic = topic(category, unroutable_stream);
    record.headers.kind = RecordKind::part;
    record.headers.parts = static_cast<std::uint32_t>((text.size() + part_bytes - 1) / part_bytes);
    for (std::uint32_t part = 0; part < record.headers.parts; ++part) {
      record.headers.part = part;
      record.value = text.substr(part * part_bytes, part_bytes);
      out.push_back(record);
    }
    return;
  }
  record.value = text;
  if (route.kind == bybit::RouteKind::unroutable) {
    ++counts_.unroutable;
    record.topic = topic(category, unroutable_stream);
  } else {
    record.topic =
        topic(category, route.kind == bybit::RouteKind::kline ? kline_stream : trade_stream);
    // Inside the text the symbol lives as long as it; unescaped by the router it does not.
    const bool inside =
        route.symbol.data() >= text.data() && route.symbol.data() < text.data() + text.size();
    record.key = inside ? route.symbol : std::string_view(keys_.emplace_back(route.symbol));
  }
  out.push_back(record);
}

}  // namespace tradelake::log
