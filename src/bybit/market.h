// A market (category and symbol) and the list of them that the option --symbols names.
//
// Threads: values. Does not: ask the exchange which symbols exist (feed/instruments.h does).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"
#include "core/error.h"

namespace tradelake::bybit {

// `symbol` is what a topic names: a symbol, for options the base coin, or "*" for all there are.
struct Market {
  Category category{};
  std::string symbol;

  bool all() const { return symbol == "*"; }
  friend auto operator<=>(const Market&, const Market&) = default;
};

std::string to_string(const Market& market);  // "linear:BTCUSDT"

// "linear:BTCUSDT,spot:ETHUSDT,inverse:*" in the order given, without repeats. An option symbol is
// a base coin; a contract is refused because the exchange has no such topic.
Result<std::vector<Market>> parse_markets(std::string_view text);

// True for what may stand in a topic after the last dot: letters, digits and '-', at most 64.
bool is_symbol(std::string_view text);

}  // namespace tradelake::bybit
