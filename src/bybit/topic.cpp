#include "bybit/topic.h"

namespace tradelake::bybit {

std::optional<Topic> parse_topic(std::string_view text) {
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  return Topic{text.substr(0, dot), text.substr(dot + 1)};
}

std::string trade_topic(std::string_view key) {
  std::string topic(trade_stream);
  topic += '.';
  topic += key;
  return topic;
}

std::string minute_kline_topic(std::string_view symbol) {
  std::string topic(kline_stream);
  topic += ".1.";
  topic += symbol;
  return topic;
}

std::optional<KlineTopic> parse_kline_topic(std::string_view text) {
  if (text.substr(0, text.find('.')) != kline_stream) return std::nullopt;
  const auto topic = parse_topic(text);
  if (!topic || topic->stream.size() <= kline_stream.size() + 1) return std::nullopt;
  const auto interval = topic->stream.substr(kline_stream.size() + 1);
  if (interval.find('.') != std::string_view::npos) return std::nullopt;
  return KlineTopic{interval, topic->key};
}

bool is_base_coin(std::string_view key) {
  return key.find('-') == std::string_view::npos;
}

std::string_view base_coin_of(std::string_view contract) {
  return contract.substr(0, contract.find('-'));
}

bool fits_category(const Topic& topic, Category category) {
  return category != Category::option || topic.stream != trade_stream || is_base_coin(topic.key);
}

}  // namespace tradelake::bybit
