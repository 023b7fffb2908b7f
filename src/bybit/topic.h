// Topic text and what it names: "publicTrade.BTCUSDT" is stream "publicTrade" of "BTCUSDT".
//
// Threads: pure functions; the views point into the text that was given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bybit/category.h"

namespace tradelake::bybit {

inline constexpr std::string_view trade_stream = "publicTrade";
inline constexpr std::string_view kline_stream = "kline";

// `stream` is everything before the last dot ("kline.1"), `key` what comes after it: the symbol, or
// for option trades the base coin.
struct Topic {
  std::string_view stream;
  std::string_view key;
};

// Nothing if there is no dot or a side of it is empty.
std::optional<Topic> parse_topic(std::string_view text);

std::string trade_topic(std::string_view key);  // "publicTrade.BTCUSDT"

// Of the exchange's own candles: "kline.1.BTCUSDT". Options have none.
std::string minute_kline_topic(std::string_view symbol);

struct KlineTopic {
  std::string_view interval;  // as the exchange writes it: "1", "60", "D"
  std::string_view symbol;
};
// Nothing if it is not one.
std::optional<KlineTopic> parse_kline_topic(std::string_view text);

// "BTC" is, "BTC-27MAR26-70000-P" is not: contracts always carry dashes.
bool is_base_coin(std::string_view key);

// "BTC" of "BTC-27MAR26-70000-P-USDT"; the text itself if it has no dash.
std::string_view base_coin_of(std::string_view contract);

// The key of the topic that a market's trades come under.
inline std::string_view topic_key(Category category, std::string_view symbol) {
  return category == Category::option ? base_coin_of(symbol) : symbol;
}

// False where a topic cannot come from that category's connection: an option trade topic that
// names a contract instead of a base coin.
bool fits_category(const Topic& topic, Category category);

}  // namespace tradelake::bybit
