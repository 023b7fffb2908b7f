#include "bronze/trade_rules.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/time.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t first_time_ms = 1'230'768'000'000;  // 2009-01-01
constexpr std::int64_t future_tolerance_ns = 60'000'000'000;

constexpr std::size_t shown_bytes = 100;

// What a message shows of a value: enough to recognise it, never a megabyte, and no part of a
// character, as messages are text in a table.
std::string_view shown(const Slot& slot) {
  switch (slot.kind) {
    case SlotKind::absent:
      return "nothing";
    case SlotKind::null:
      return "null";
    case SlotKind::boolean:
      return slot.flag ? "true" : "false";
    default: {
      std::size_t size = std::min(slot.text.size(), shown_bytes);
      const auto continues = [&] {
        return size < slot.text.size() &&
               (static_cast<unsigned char>(slot.text[size]) & 0xC0) == 0x80;
      };
      while (size > 0 && continues()) --size;
      return slot.text.substr(0, size);
    }
  }
}

Violation violation(Reason reason, std::string_view field, const Slot& slot,
                    std::string_view allowed) {
  return {reason, fmt::format("{} is {}; allowed: {}", field, shown(slot), allowed)};
}

bool is_text(const Slot& slot) {
  return slot.kind == SlotKind::string || slot.kind == SlotKind::number;
}

std::optional<Violation> check_name(std::string_view field, const Slot& slot) {
  constexpr std::string_view allowed = "a string of 1 to 128 bytes";
  if (slot.kind != SlotKind::string) return violation(Reason::wrong_type, field, slot, allowed);
  if (slot.text.empty() || slot.text.size() > max_text_bytes) {
    return violation(Reason::out_of_range, field, slot, allowed);
  }
  return std::nullopt;
}

std::optional<Violation> check_number(std::string_view field, const Slot& slot,
                                      std::expected<Decimal, DecimalError>& value) {
  constexpr std::string_view allowed =
      "a decimal number of at most 80 characters, as string or number";
  if (!is_text(slot)) return violation(Reason::wrong_type, field, slot, allowed);
  value = parse_decimal(slot.text);
  if (!value && value.error() == DecimalError::bad_number) {
    return violation(Reason::bad_number, field, slot, allowed);
  }
  return std::nullopt;
}

std::optional<Violation> check_range(std::string_view field, const Slot& slot,
                                     const std::expected<Decimal, DecimalError>& value) {
  if (value && value->units > 0) return std::nullopt;
  return violation(Reason::out_of_range, field, slot,
                   "above zero, below 10^16, at most 18 fractional digits");
}

std::optional<Violation> check_flag(std::string_view field, const Slot& slot, Flag& flag) {
  if (slot.kind == SlotKind::absent) {
    flag = Flag::absent;
    return std::nullopt;
  }
  if (slot.kind != SlotKind::boolean)
    return violation(Reason::wrong_type, field, slot, "true or false");
  flag = slot.flag ? Flag::yes : Flag::no;
  return std::nullopt;
}

std::optional<Violation> check_seq(const Slot& slot, Trade& trade) {
  trade.has_seq = false;
  trade.seq = 0;
  if (slot.kind == SlotKind::absent) return std::nullopt;
  const char* const end = slot.text.data() + slot.text.size();
  if (slot.kind == SlotKind::number) {
    const auto [stop, error] = std::from_chars(slot.text.data(), end, trade.seq);
    if (error == std::errc{} && stop == end && trade.seq >= 0) {
      trade.has_seq = true;
      return std::nullopt;
    }
  }
  return violation(Reason::wrong_type, "seq", slot, "an integer from 0 that fits 64 bits");
}

}  // namespace

std::expected<std::int64_t, Reason> parse_time(const Slot& slot, std::int64_t recv_ns) {
  if (!is_text(slot)) return std::unexpected(Reason::wrong_type);
  const auto value = parse_decimal(slot.text);
  if (!value) {
    return std::unexpected(value.error() == DecimalError::too_large ? Reason::time_in_future
                                                                    : Reason::bad_time);
  }
  constexpr int128_t one = int128_t{1'000'000'000} * 1'000'000'000;
  if (value->units % one != 0) return std::unexpected(Reason::bad_time);
  const auto time_ms = static_cast<std::int64_t>(value->units / one);
  if (time_ms < first_time_ms) return std::unexpected(Reason::bad_time);
  if (int128_t{time_ms} * 1'000'000 > int128_t{recv_ns} + future_tolerance_ns) {
    return std::unexpected(Reason::time_in_future);
  }
  return time_ms * us_per_ms;
}

std::optional<Violation> judge(const TradeSlots& slots, std::int64_t recv_ns, Trade& trade) {
  const std::pair<std::string_view, const Slot*> required[] = {
      {"i", &slots.id},    {"s", &slots.symbol}, {"S", &slots.side},
      {"p", &slots.price}, {"v", &slots.size},   {"T", &slots.time}};
  for (const auto& [field, slot] : required) {
    if (slot->kind == SlotKind::absent) {
      return Violation{Reason::missing_field, fmt::format("{} is missing", field)};
    }
  }
  if (auto bad = check_name("i", slots.id)) return bad;
  if (auto bad = check_name("s", slots.symbol)) return bad;
  trade.trade_id = slots.id.text;
  trade.symbol = slots.symbol.text;

  const bool buy = slots.side.kind == SlotKind::string && slots.side.text == "Buy";
  const bool sell = slots.side.kind == SlotKind::string && slots.side.text == "Sell";
  if (!buy && !sell) return violation(Reason::bad_side, "S", slots.side, "Buy or Sell");
  trade.side = buy ? Side::buy : Side::sell;

  std::expected<Decimal, DecimalError> price, size;
  if (auto bad = check_number("p", slots.price, price)) return bad;
  if (auto bad = check_number("v", slots.size, size)) return bad;
  if (auto bad = check_range("p", slots.price, price)) return bad;
  if (auto bad = check_range("v", slots.size, size)) return bad;
  trade.price = *price;
  trade.size = *size;
  if (!product_below_1e19(trade.price, trade.size)) {
    return Violation{Reason::out_of_range, fmt::format("p x v is {} x {}; allowed: below 10^19",
                                                       slots.price.text, slots.size.text)};
  }

  const auto time = parse_time(slots.time, recv_ns);
  if (!time) {
    return violation(time.error(), "T", slots.time,
                     "whole milliseconds from 2009 to 60 s after the frame was received");
  }
  trade.trade_time_us = *time;

  if (auto bad = check_flag("BT", slots.block_trade, trade.block_trade)) return bad;
  if (auto bad = check_flag("RPI", slots.rpi, trade.rpi)) return bad;
  trade.has_tick_direction = slots.tick_direction.kind == SlotKind::string;
  if (!trade.has_tick_direction && slots.tick_direction.kind != SlotKind::absent) {
    return violation(Reason::wrong_type, "L", slots.tick_direction, "a string");
  }
  trade.tick_direction = slots.tick_direction.text;
  return check_seq(slots.seq, trade);
}

}  // namespace tradelake::bronze
