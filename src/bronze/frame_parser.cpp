#include "bronze/frame_parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "bronze/trade_rules.h"
#include "core/json_text.h"

namespace tradelake::bronze {
namespace {

namespace od = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr std::string_view trade_topic_prefix = "publicTrade.";

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                            token.back() == '\t')) {
    token.remove_suffix(1);
  }
  return token;
}

error_code take_raw(simdjson::simdjson_result<std::string_view> raw, Slot& slot) {
  if (const auto error = std::move(raw).get(slot.text)) return error;
  slot.text = trimmed(slot.text);
  return is_json(slot.text) ? SUCCESS : simdjson::TAPE_ERROR;
}

// Values and fields go by reference: a copy is read back in wider pieces than it was written in,
// which stalls the processor longer than the parsing takes.
// Takes a value whole. On-demand skips without looking, so what it skips is checked here: a frame
// counts as JSON only if all of it is.
error_code fill(od::value& value, Slot& slot) {
  od::json_type type;
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case od::json_type::string:
      slot.kind = SlotKind::string;
      return value.get_string().get(slot.text);
    case od::json_type::number:
      // The token is left for the iteration to pass over: its value is taken from the text.
      slot.kind = SlotKind::number;
      slot.text = trimmed(value.raw_json_token());
      return is_json_number(slot.text) ? SUCCESS : simdjson::NUMBER_ERROR;
    case od::json_type::boolean:
      slot.kind = SlotKind::boolean;
      return value.get_bool().get(slot.flag);
    case od::json_type::null: {
      slot.kind = SlotKind::null;
      bool null = false;
      const auto error = value.is_null().get(null);
      return error ? error : (null ? SUCCESS : simdjson::N_ATOM_ERROR);
    }
    case od::json_type::object: {
      slot.kind = SlotKind::object;
      od::object object;
      const auto error = value.get_object().get(object);
      return error ? error : take_raw(object.raw_json(), slot);
    }
    case od::json_type::array: {
      slot.kind = SlotKind::array;
      od::array array;
      const auto error = value.get_array().get(array);
      return error ? error : take_raw(array.raw_json(), slot);
    }
  }
  return simdjson::TAPE_ERROR;
}

// What `extra` keeps of an unknown field: a string's own text, anything else as its raw JSON text.
std::string_view extra_text(const Slot& slot) {
  switch (slot.kind) {
    case SlotKind::boolean:
      return slot.flag ? "true" : "false";
    case SlotKind::null:
      return "null";
    default:
      return slot.text;
  }
}

}  // namespace

struct FrameParser::State {
  od::parser parser;
  ParsedFrame frame;
  std::string symbol;  // BadFrame::symbol points here

  // The slot of a known key of a trade by its raw, still escaped text; nullptr if it is another
  // one.
  static Slot* known(TradeSlots& slots, const char* key) {
    switch (key[0]) {
      case 'T':
        return key[1] == '"' ? &slots.time : nullptr;
      case 's':
        if (key[1] == '"') return &slots.symbol;
        return key[1] == 'e' && key[2] == 'q' && key[3] == '"' ? &slots.seq : nullptr;
      case 'S':
        return key[1] == '"' ? &slots.side : nullptr;
      case 'v':
        return key[1] == '"' ? &slots.size : nullptr;
      case 'p':
        return key[1] == '"' ? &slots.price : nullptr;
      case 'i':
        return key[1] == '"' ? &slots.id : nullptr;
      case 'L':
        return key[1] == '"' ? &slots.tick_direction : nullptr;
      case 'B':
        return key[1] == 'T' && key[2] == '"' ? &slots.block_trade : nullptr;
      case 'R':
        return key[1] == 'P' && key[2] == 'I' && key[3] == '"' ? &slots.rpi : nullptr;
      default:
        return nullptr;
    }
  }

  error_code parse_field(od::field& field, TradeSlots& slots, std::uint32_t extra_begin) {
    if (auto* slot = known(slots, field.key().raw())) return refill(field.value(), *slot);
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return error;
    // A known key may be spelled with escapes.
    char quoted[5] = {};
    if (key.size() < sizeof quoted - 1) {
      key.copy(quoted, key.size());
      quoted[key.size()] = '"';
      if (auto* slot = known(slots, quoted)) return refill(field.value(), *slot);
    }
    Slot slot;
    if (const auto error = fill(field.value(), slot)) return error;
    for (auto i = extra_begin; i < frame.extra.size(); ++i) {
      if (frame.extra[i].key == key) {
        frame.extra[i].value = extra_text(slot);
        return SUCCESS;
      }
    }
    frame.extra.push_back({key, extra_text(slot)});
    return SUCCESS;
  }

  static error_code refill(od::value& value, Slot& slot) {
    slot = {};
    return fill(value, slot);
  }

  // One element of data.
  error_code parse_element(od::value& value, std::int64_t recv_ns, std::string_view text) {
    const auto index = static_cast<std::int32_t>(frame.trades.size() + frame.bad_trades.size());
    const auto start = static_cast<std::size_t>(value.raw_json_token().data() - text.data());
    od::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type != od::json_type::object) {
      Slot slot;
      if (const auto error = fill(value, slot)) return error;
      add_bad({Reason::wrong_type, "the element of data is not an object"}, index, {}, text, start);
      return SUCCESS;
    }
    od::object object;
    if (const auto error = value.get_object().get(object)) return error;
    TradeSlots slots;
    const auto extra_begin = static_cast<std::uint32_t>(frame.extra.size());
    for (auto field : object) {
      if (field.error()) return field.error();
      if (const auto error = parse_field(field.value_unsafe(), slots, extra_begin)) return error;
    }
    Trade trade;
    if (auto bad = judge(slots, recv_ns, trade)) {
      frame.extra.resize(extra_begin);
      const auto symbol =
          slots.symbol.kind == SlotKind::string ? slots.symbol.text : std::string_view{};
      add_bad(*std::move(bad), index, symbol, text, start);
      return SUCCESS;
    }
    trade.index = index;
    trade.extra_begin = extra_begin;
    trade.extra_count = static_cast<std::uint32_t>(frame.extra.size()) - extra_begin;
    frame.trades.push_back(trade);
    return SUCCESS;
  }

  void add_bad(Violation bad, std::int32_t index, std::string_view symbol, std::string_view text,
               std::size_t start) {
    const std::size_t end = json_value_end(text, start);
    frame.bad_trades.push_back({bad.reason, std::move(bad.detail), index, symbol,
                                text.substr(start, end == not_json ? end : end - start)});
  }

  void clear_data() {
    frame.trades.clear();
    frame.bad_trades.clear();
    frame.extra.clear();
  }

  struct Envelope {
    Slot topic, ts;
    bool has_data = false;
  };

  error_code parse_document(std::string_view text, std::int64_t recv_ns, Envelope& envelope) {
    od::document document;
    if (const auto error =
            parser.iterate(simdjson::padded_string_view(text.data(), text.size(), text.size() + 64))
                .get(document)) {
      return error;
    }
    od::json_type type;
    if (const auto error = document.type().get(type)) return error;
    // Anything but an object has no topic; whether it is JSON is_json() has to tell.
    if (type != od::json_type::object) return is_json(text) ? SUCCESS : simdjson::TAPE_ERROR;
    od::object object;
    if (const auto error = document.get_object().get(object)) return error;
    for (auto entry : object) {
      if (entry.error()) return entry.error();
      auto& field = entry.value_unsafe();
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return error;
      error_code error = SUCCESS;
      if (key == "data") {
        error = parse_data(field.value(), recv_ns, text, envelope);
      } else if (key == "topic") {
        error = refill(field.value(), envelope.topic);
      } else if (key == "ts") {
        error = refill(field.value(), envelope.ts);
      } else {
        Slot ignored;
        error = fill(field.value(), ignored);
      }
      if (error) return error;
    }
    const char* trailing;
    return document.current_location().get(trailing) == SUCCESS ? simdjson::TAPE_ERROR : SUCCESS;
  }

  error_code parse_data(od::value& value, std::int64_t recv_ns, std::string_view text,
                        Envelope& envelope) {
    clear_data();  // of duplicate keys the last counts
    envelope.has_data = false;
    od::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type != od::json_type::array) {
      Slot ignored;
      return fill(value, ignored);
    }
    envelope.has_data = true;
    od::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
      if (element.error()) return element.error();
      if (const auto error = parse_element(element.value_unsafe(), recv_ns, text)) return error;
    }
    return SUCCESS;
  }

  void reject(Reason reason, std::string detail, std::string_view of_symbol = {}) {
    clear_data();
    symbol = of_symbol;
    frame.bad_frame = BadFrame{reason, std::move(detail), symbol};
  }
};

FrameParser::FrameParser() : state_(std::make_unique<State>()) {}
FrameParser::~FrameParser() = default;

const ParsedFrame& FrameParser::parse(std::string_view text, std::string_view category,
                                      std::int64_t recv_ns) {
  auto& state = *state_;
  auto& frame = state.frame;
  state.clear_data();
  frame.bad_frame.reset();
  frame.frame_time_us.reset();
  frame.skipped = false;

  State::Envelope envelope;
  if (const auto error = state.parse_document(text, recv_ns, envelope)) {
    if (!simdjson::validate_utf8(text.data(), text.size())) {
      state.reject(Reason::not_utf8, "the frame is not UTF-8");
    } else {
      state.reject(Reason::not_json,
                   fmt::format("the frame is not JSON: {}", simdjson::error_message(error)));
    }
    return frame;
  }
  if (envelope.topic.kind != SlotKind::string) {
    state.reject(Reason::no_topic, "the frame has no topic string");
    return frame;
  }
  const auto topic = envelope.topic.text;
  if (!topic.starts_with(trade_topic_prefix) || topic.size() == trade_topic_prefix.size()) {
    if (topic.substr(0, topic.find('.')) == "publicTrade") {
      state.reject(Reason::unroutable, fmt::format("topic {} names no market", topic));
    } else {
      state.clear_data();
      frame.skipped = true;
    }
    return frame;
  }
  const auto market = topic.substr(trade_topic_prefix.size());
  const auto known = bybit::parse_category(category);
  if (!known) {
    state.reject(Reason::category_mismatch,
                 fmt::format("category {} is not one of spot, linear, inverse, option", category),
                 market);
    return frame;
  }
  const bool option = *known == bybit::Category::option;
  if (option && market.find('-') != std::string_view::npos) {
    state.reject(Reason::category_mismatch,
                 fmt::format("option topic {} names a contract, not a base coin", topic), market);
    return frame;
  }
  if (!envelope.has_data) {
    state.reject(Reason::no_data, "the frame has no data array",
                 option ? std::string_view{} : market);
    return frame;
  }
  if (const auto time = parse_time(envelope.ts, recv_ns)) frame.frame_time_us = *time;
  return frame;
}

}  // namespace tradelake::bronze
