#include "bybit/market.h"

#include <algorithm>

#include "bybit/topic.h"
#include "core/text.h"

namespace tradelake::bybit {
namespace {

constexpr std::size_t longest_symbol = 64;

constexpr std::string_view blanks = " \t";

Result<Market> parse_market(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return make_error(Errc::invalid_argument,
                      "symbols: '{}' has no category; write it as category:SYMBOL, for example "
                      "linear:{} (categories: spot, linear, inverse, option)",
                      text, text.empty() ? "BTCUSDT" : text);
  }
  const auto category = parse_category(trimmed(text.substr(0, colon), blanks));
  if (!category) {
    return make_error(
        Errc::invalid_argument,
        "symbols: '{}' names category '{}'; allowed are spot, linear, inverse, option", text,
        trimmed(text.substr(0, colon), blanks));
  }
  const auto symbol = trimmed(text.substr(colon + 1), blanks);
  if (symbol != "*" && !is_symbol(symbol)) {
    return make_error(Errc::invalid_argument,
                      "symbols: '{}' names symbol '{}'; allowed are letters, digits and '-' (at "
                      "most {}), or * for all of the category",
                      text, symbol, longest_symbol);
  }
  if (*category == Category::option && symbol != "*" && !is_base_coin(symbol)) {
    return make_error(Errc::invalid_argument,
                      "symbols: '{}' names a contract; options are subscribed by base coin, for "
                      "example option:{}",
                      text, base_coin_of(symbol));
  }
  return Market{*category, std::string(symbol)};
}

}  // namespace

bool is_symbol(std::string_view text) {
  return !text.empty() && text.size() <= longest_symbol && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string to_string(const Market& market) {
  return fmt::format("{}:{}", to_string(market.category), market.symbol);
}

Result<std::vector<Market>> parse_markets(std::string_view text) {
  if (trimmed(text, blanks).empty()) {
    return make_error(Errc::invalid_argument,
                      "symbols: empty; write category:SYMBOL separated by commas, for example "
                      "linear:BTCUSDT,spot:ETHUSDT or linear:*");
  }
  std::vector<Market> markets;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    TL_ASSIGN(auto market, parse_market(trimmed(text.substr(begin, end - begin), blanks)));
    if (std::ranges::find(markets, market) == markets.end()) markets.push_back(std::move(market));
    begin = end + 1;
  }
  return markets;
}

}  // namespace tradelake::bybit
