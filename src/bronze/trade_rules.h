// When a trade is good: the checks of design 3 in their order, over the values of one JSON object.
//
// Threads: functions.
// Does not: read JSON; frame_parser.cpp fills the slots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bronze/frame_parser.h"

namespace tradelake::bronze {

enum class SlotKind : std::uint8_t { absent, string, number, boolean, null, object, array };

// The last value a key had.
struct Slot {
  SlotKind kind = SlotKind::absent;
  bool flag = false;      // boolean
  std::string_view text;  // string: unescaped; number: its token; object, array: raw JSON
};

struct TradeSlots {
  Slot id, symbol, side, price, size, time, block_trade, rpi, tick_direction, seq;
};

inline constexpr std::size_t max_text_bytes = 128;  // of an id or a symbol

struct Violation {
  Reason reason;
  std::string detail;
};

// Fills `trade` (but for index and extra), or says which check failed first.
std::optional<Violation> judge(const TradeSlots& slots, std::int64_t recv_ns, Trade& trade);

// Whole milliseconds (number or numeric string) from 2009 to 60 s after reception, as microseconds.
std::expected<std::int64_t, Reason> parse_time(const Slot& slot, std::int64_t recv_ns);

}  // namespace tradelake::bronze
