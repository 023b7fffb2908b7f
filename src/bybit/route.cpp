#include "bybit/route.h"

#include <string>

#include <simdjson.h>

#include "bybit/topic.h"
#include "core/json_text.h"

namespace tradelake::bybit {
namespace {

constexpr std::string_view trade_prefix = "publicTrade.";
constexpr std::string_view usual_start = R"({"topic":"publicTrade.)";
constexpr std::string_view option_start = R"({"id":")";

// The symbol of a frame that begins the way the exchange writes them, or nothing. A later second
// `topic` key would be missed here; the bronze parser sees it.
std::string_view usual_symbol(std::string_view text) {
  std::size_t at = 0;
  if (text.starts_with(usual_start)) {
    at = usual_start.size();
  } else if (text.starts_with(option_start)) {
    const auto quote = text.find('"', option_start.size());
    if (quote == std::string_view::npos ||
        text.substr(quote + 1, usual_start.size()) != R"(,"topic":"publicTrade.)") {
      return {};
    }
    at = quote + 1 + usual_start.size();
  } else {
    return {};
  }
  const auto end = text.find_first_of("\"\\", at);
  if (end == std::string_view::npos || text[end] != '"') return {};
  return text.substr(at, end - at);
}

}  // namespace

struct Router::State {
  simdjson::ondemand::parser parser;
  std::string padded;
  std::string symbol;
};

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;

Route Router::route(std::string_view text) {
  if (const auto symbol = usual_symbol(text); !symbol.empty()) return {RouteKind::trade, symbol};

  constexpr Route unroutable{RouteKind::unroutable, {}};
  if (!simdjson::validate_utf8(text.data(), text.size()) || !is_json(text)) return unroutable;
  auto& padded = state_->padded;
  padded.assign(text);
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (state_->parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return unroutable;
  }
  bool names_topic = false, has_topic = false, has_control = false;
  std::string_view topic;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return unroutable;
    if (key == "topic") {
      names_topic = true;
      has_topic = field.value().get_string().get(topic) == simdjson::SUCCESS;
      if (!has_topic) topic = {};
    } else if (key == "op" || key == "success" || key == "ret_msg") {
      has_control = true;
    }
  }
  if (!has_topic)
    return {has_control && !names_topic ? RouteKind::control : RouteKind::unroutable, {}};
  if (topic.starts_with(trade_prefix) && topic.size() > trade_prefix.size()) {
    state_->symbol = topic.substr(trade_prefix.size());
    return {RouteKind::trade, state_->symbol};
  }
  if (topic.substr(0, topic.find('.')) == "publicTrade") return unroutable;
  if (const auto kline = parse_kline_topic(topic)) {
    state_->symbol = kline->symbol;
    return {RouteKind::kline, state_->symbol};
  }
  return {RouteKind::skipped, {}};
}

}  // namespace tradelake::bybit
