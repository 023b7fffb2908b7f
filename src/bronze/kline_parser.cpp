#include "bronze/kline_parser.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "bronze/trade_rules.h"
#include "bybit/topic.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

namespace dom = simdjson::dom;
using Found = std::optional<dom::element>;

constexpr std::size_t max_interval_bytes = 16;

struct Fields {
  Found start, end, open, high, low, close, volume, turnover, confirm, timestamp;

  Found* find(std::string_view key) {
    const std::pair<std::string_view, Found*> known[] = {
        {"start", &start},        {"end", &end},           {"open", &open},
        {"high", &high},          {"low", &low},           {"close", &close},
        {"volume", &volume},      {"turnover", &turnover}, {"confirm", &confirm},
        {"timestamp", &timestamp}};
    for (const auto& [name, field] : known) {
      if (name == key) return field;
    }
    return nullptr;
  }
};

using Problem = std::optional<UnreadableKline>;

Problem problem(Reason reason, std::string_view field, std::string_view allowed) {
  return UnreadableKline{reason, fmt::format("{} is not {}", field, allowed)};
}

// Numbers of klines are strings; what is a JSON number has lost its digits already.
template <class Parse>
Problem take_number(std::string_view name, const Found& field, Parse parse, Decimal& value) {
  std::string_view text;
  if (field->get_string().get(text) != simdjson::SUCCESS)
    return problem(Reason::wrong_type, name, "a string");
  const auto parsed = parse(text);
  if (!parsed) {
    return parsed.error() == DecimalError::bad_number
               ? problem(Reason::bad_number, name, "a decimal number of at most 80 characters")
               : problem(Reason::out_of_range, name, "within decimal(38,18)");
  }
  value = *parsed;
  return {};
}

Problem take_time(std::string_view name, const Found& field, std::int64_t recv_ns,
                  std::int64_t& time_us) {
  Slot slot;
  std::string number;
  std::int64_t whole = 0;
  if (field->get_string().get(slot.text) == simdjson::SUCCESS) {
    slot.kind = SlotKind::string;
  } else if (field->get_int64().get(whole) == simdjson::SUCCESS) {
    slot.kind = SlotKind::number;
    number = fmt::to_string(whole);
    slot.text = number;
  } else if (field->is_number()) {
    return problem(Reason::bad_time, name, "whole milliseconds");
  }
  const auto time = parse_time(slot, recv_ns);
  if (!time)
    return problem(time.error(), name, "whole milliseconds from 2009 to 60 s after reception");
  time_us = *time;
  return {};
}

Problem judge(const Fields& fields, std::int64_t recv_ns, Kline& kline) {
  const std::pair<std::string_view, const Found*> required[] = {
      {"start", &fields.start},   {"end", &fields.end},           {"open", &fields.open},
      {"high", &fields.high},     {"low", &fields.low},           {"close", &fields.close},
      {"volume", &fields.volume}, {"turnover", &fields.turnover}, {"timestamp", &fields.timestamp}};
  for (const auto& [name, field] : required) {
    if (!*field) return UnreadableKline{Reason::missing_field, fmt::format("{} is missing", name)};
  }
  const std::tuple<std::string_view, const Found*, Decimal*> prices[] = {
      {"open", &fields.open, &kline.open},
      {"high", &fields.high, &kline.high},
      {"low", &fields.low, &kline.low},
      {"close", &fields.close, &kline.close}};
  for (const auto& [name, field, value] : prices) {
    if (auto bad = take_number(name, *field, parse_decimal, *value)) return bad;
  }
  if (auto bad = take_number("volume", fields.volume, parse_sum, kline.volume)) return bad;
  if (auto bad = take_number("turnover", fields.turnover, parse_sum, kline.turnover)) return bad;
  std::int64_t last_us = 0;
  if (auto bad = take_time("start", fields.start, recv_ns, kline.open_time_us)) return bad;
  if (auto bad = take_time("end", fields.end, recv_ns, last_us)) return bad;
  if (auto bad = take_time("timestamp", fields.timestamp, recv_ns, kline.pushed_us)) return bad;
  if (last_us < kline.open_time_us) return problem(Reason::bad_time, "end", "after start");
  kline.close_time_us = last_us + us_per_ms;
  return {};
}

}  // namespace

std::int64_t Kline::last_minute_us() const {
  return floor_to(close_time_us - 1, us_per_minute);
}

struct KlineParser::State {
  dom::parser parser;
  ParsedKlines klines;

  void take_element(const dom::element& element, std::int32_t index, std::int64_t recv_ns) {
    const auto bad = [&](Reason reason, std::string_view detail) {
      klines.unreadable.push_back({reason, std::string(detail), index});
    };
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS)
      return bad(Reason::wrong_type, "the element of data is not an object");
    Fields fields;  // of duplicate keys the last counts
    for (const auto [key, value] : object) {
      if (auto* field = fields.find(key)) *field = value;
    }
    if (!fields.confirm) return bad(Reason::missing_field, "confirm is missing");
    bool confirm = false;
    if (fields.confirm->get_bool().get(confirm) != simdjson::SUCCESS)
      return bad(Reason::wrong_type, "confirm is not true or false");
    if (!confirm) {
      ++klines.open;
      return;
    }
    Kline kline;
    kline.index = index;
    if (const auto what = judge(fields, recv_ns, kline)) return bad(what->reason, what->detail);
    klines.closed.push_back(kline);
  }

  // What is wrong with the frame as such, or nothing.
  Problem take(std::string_view text, std::string_view category, std::int64_t recv_ns) {
    dom::element document;
    if (const auto error = parser.parse(text.data(), text.size()).get(document)) {
      if (!simdjson::validate_utf8(text.data(), text.size()))
        return UnreadableKline{Reason::not_utf8, "the frame is not UTF-8"};
      return UnreadableKline{Reason::not_json, fmt::format("the frame is not JSON: {}",
                                                           simdjson::error_message(error))};
    }
    dom::object object;
    Found topic, data;
    if (document.get_object().get(object) == simdjson::SUCCESS) {
      for (const auto [key, value] : object) {
        if (key == "topic") topic = value;
        if (key == "data") data = value;
      }
    }
    std::string_view name;
    if (!topic || topic->get_string().get(name) != simdjson::SUCCESS)
      return UnreadableKline{Reason::no_topic, "the frame has no topic string"};
    const auto named = bybit::parse_kline_topic(name);
    if (!named) return UnreadableKline{Reason::unroutable, "the topic names no candle of a market"};
    if (named->symbol.size() > max_text_bytes || named->interval.size() > max_interval_bytes)
      return problem(Reason::out_of_range, "the topic", "of at most 128 bytes of a symbol");
    const auto known = bybit::parse_category(category);
    if (!known || !bybit::has_klines(*known))
      return problem(Reason::category_mismatch, "the category", "spot, linear or inverse");
    klines.category = *known;
    klines.interval = named->interval;
    klines.symbol = named->symbol;
    dom::array elements;
    if (!data || data->get_array().get(elements) != simdjson::SUCCESS)
      return UnreadableKline{Reason::no_data, "the frame has no data array"};
    std::int32_t index = 0;
    for (const auto element : elements) take_element(element, index++, recv_ns);
    return {};
  }
};

KlineParser::KlineParser() : state_(std::make_unique<State>()) {}
KlineParser::~KlineParser() = default;

const ParsedKlines& KlineParser::parse(std::string_view text, std::string_view category,
                                       std::int64_t recv_ns) {
  auto& klines = state_->klines;
  klines.closed.clear();
  klines.unreadable.clear();
  klines.open = 0;
  if (auto bad = state_->take(text, category, recv_ns))
    klines.unreadable.push_back(*std::move(bad));
  return klines;
}

}  // namespace tradelake::bronze
