#include "feed/simulator/listing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "bybit/topic.h"
#include "feed/simulator/random.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

constexpr std::uint32_t most_symbols = 100'000;

struct Coin {
  std::string_view name;
  std::int64_t first_price;  // in units of 10^-price_decimals
  std::int64_t tick;
  int price_decimals;
  int size_decimals;
  double usual_size;
};

// Orders of magnitude as on the exchange: a tick of 10^-12 on one end, a price of 10^6 on the
// other.
constexpr std::array<Coin, 14> coins = {{
    {"BTC", 6'500'000, 10, 2, 3, 8},
    {"ETH", 192'250, 1, 2, 2, 40},
    {"SOL", 77'300, 10, 3, 1, 30},
    {"XRP", 21'345, 1, 4, 1, 900},
    {"DOGE", 7'054, 1, 5, 0, 2'000},
    {"PEPE", 11'234, 1, 9, 0, 8'000'000},
    {"SATS", 2'345'600, 100, 11, 0, 50'000'000},
    {"BABYDOGE", 1'108'034, 1, 12, 1, 9'025'270'760},
    {"YFI", 512'300, 100, 2, 4, 120},
    {"ADA", 4'512, 1, 4, 0, 700},
    {"LINK", 14'321, 1, 3, 1, 120},
    {"SHIB", 889'000, 1'000, 11, 0, 3'000'000},
    {"BTCTRY", 3'120'000, 1, 0, 6, 4'000},
    {"TON", 29'870, 1, 4, 2, 900},
}};

std::int64_t power_of_ten(int exponent) {
  std::int64_t value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

// A coin nobody knows: its grid follows from its name, so that a listing is the same in each run.
Coin made_up(std::string_view name) {
  std::uint64_t hash = 0;
  for (const char c : name) hash = mix_bits(hash ^ static_cast<unsigned char>(c));
  Random random(hash);
  const int decimals = static_cast<int>(random.below(13));
  const std::int64_t digits = power_of_ten(3 + static_cast<int>(random.below(4)));
  const std::int64_t price = digits + static_cast<std::int64_t>(random.unit() * 9e0 * digits);
  const int size_decimals = decimals > 6 ? 0 : static_cast<int>(random.below(4));
  return {name,
          decimals == 0 ? std::min<std::int64_t>(price, 900'000) : price,
          1,
          decimals,
          size_decimals,
          10 + random.unit() * 5'000};
}

Coin coin_named(std::string_view name) {
  for (const auto& coin : coins) {
    if (coin.name == name) return coin;
  }
  return made_up(name);
}

std::string_view quote_of(std::string_view symbol, Category category) {
  for (const std::string_view quote : {"USDT", "USDC", "USD", "PERP", "TRY", "BRL", "EUR", "BTC"}) {
    if (symbol.size() > quote.size() && symbol.ends_with(quote)) return quote;
  }
  return category == Category::inverse ? "USD" : "USDT";
}

Instrument make_instrument(Category category, std::string symbol) {
  const std::string_view quote = quote_of(symbol, category);
  std::string base =
      symbol.ends_with(quote) ? symbol.substr(0, symbol.size() - quote.size()) : symbol;
  const Coin coin = coin_named(quote == "TRY" ? std::string_view(symbol) : std::string_view(base));
  Instrument made{category,           std::move(symbol),
                  std::move(base),    std::string(quote == "PERP" ? "USDC" : quote),
                  coin.tick,          coin.price_decimals,
                  coin.size_decimals, coin.first_price,
                  coin.usual_size};
  if (category == Category::inverse) {  // contracts of one USD
    made.size_decimals = 0;
    made.usual_size = 500;
  }
  return made;
}

constexpr std::array<std::string_view, 4> expiries = {"27NOV26", "25DEC26", "26MAR27", "25JUN27"};
constexpr int strikes_per_expiry = 6;

void add_option_stream(Listing& listing, const std::string& base, double weight) {
  const Coin coin = coin_named(base);
  Stream stream{Category::option, base, bybit::trade_topic(base), weight, {}};
  const double spot = static_cast<double>(coin.first_price) /
                      static_cast<double>(power_of_ten(coin.price_decimals));
  const double step = std::pow(10.0, std::floor(std::log10(std::max(spot, 1.0))) - 1);
  for (const auto expiry : expiries) {
    for (int i = 0; i < strikes_per_expiry; ++i) {
      const auto strike =
          std::max(1.0, std::round(spot / step + i - strikes_per_expiry / 2)) * std::max(step, 1.0);
      Instrument made{Category::option,
                      fmt::format("{}-{}-{:.0f}-{}{}", base, expiry, strike, i % 2 ? 'P' : 'C',
                                  i % 3 == 0 ? "" : "-USDT"),
                      base,
                      i % 3 == 0 ? "USDC" : "USDT",
                      5,
                      2,
                      2,
                      5'000 + 1'000 * i,
                      20};
      stream.instruments.push_back(static_cast<std::uint32_t>(listing.instruments.size()));
      listing.instruments.push_back(std::move(made));
    }
  }
  listing.streams.push_back(std::move(stream));
}

std::string made_up_symbol(Category category, std::uint32_t n) {
  const std::string coin = n < coins.size() && coins[n].name != "BTCTRY"
                               ? std::string(coins[n].name)
                               : fmt::format("SYM{}", n);
  switch (category) {
    case Category::option:
      return coin;
    case Category::inverse:
      return coin + "USD";
    default:
      return n < coins.size() && coins[n].name == "BTCTRY" ? "BTCTRY" : coin + "USDT";
  }
}

void add_symbol(Listing& listing, std::set<bybit::Market>& known, Category category,
                const std::string& symbol) {
  if (!known.insert({category, symbol}).second) return;
  const auto rank = static_cast<double>(listing.streams.size() + 1);
  if (category == Category::option) return add_option_stream(listing, symbol, 1 / rank);
  listing.streams.push_back({category,
                             symbol,
                             bybit::trade_topic(symbol),
                             1 / rank,
                             {static_cast<std::uint32_t>(listing.instruments.size())}});
  listing.instruments.push_back(make_instrument(category, symbol));
}

}  // namespace

Result<Listing> make_listing(std::string_view text) {
  TL_ASSIGN(const auto markets, bybit::parse_markets(text));
  Listing listing;
  std::set<bybit::Market> known;
  for (const auto& market : markets) {
    if (market.all()) {
      return make_error(Errc::invalid_argument,
                        "symbols: '{}': a simulated exchange has no symbols of its own; give names "
                        "or a number, for example {}:100",
                        to_string(market), to_string(market.category));
    }
    std::uint32_t count = 0;
    const char* end = market.symbol.data() + market.symbol.size();
    const auto parsed = std::from_chars(market.symbol.data(), end, count);
    if (parsed.ptr != end || parsed.ec != std::errc{}) {
      add_symbol(listing, known, market.category, market.symbol);
      continue;
    }
    if (count == 0 || count > most_symbols) {
      return make_error(Errc::invalid_argument, "symbols: '{}': allowed are 1 to {} symbols",
                        to_string(market), most_symbols);
    }
    for (std::uint32_t n = 0; n < count; ++n) {
      add_symbol(listing, known, market.category, made_up_symbol(market.category, n));
    }
  }
  return listing;
}

}  // namespace tradelake::feed
