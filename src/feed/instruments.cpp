#include "feed/instruments.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include <spdlog/spdlog.h>

#include "bybit/rest_shapes.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

constexpr int most_pages = 100;

// instruments-info lists options of one base coin only, so all have to be asked for.
constexpr std::array<std::string_view, 6> option_coins = {"BTC", "ETH",  "SOL",
                                                          "XRP", "DOGE", "MNT"};
constexpr std::array<std::string_view, 10> large_usdt = {
    "BTCUSDT", "ETHUSDT", "SOLUSDT",  "XRPUSDT",  "DOGEUSDT",
    "ADAUSDT", "BNBUSDT", "LINKUSDT", "AVAXUSDT", "LTCUSDT"};
constexpr std::array<std::string_view, 4> large_inverse = {"BTCUSD", "ETHUSD", "SOLUSD", "XRPUSD"};

std::span<const std::string_view> well_known(Category category) {
  if (category == Category::option) return std::span(option_coins).first(3);
  if (category == Category::inverse) return large_inverse;
  return large_usdt;
}

std::string encode(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += static_cast<char>(c);
    } else {
      encoded += fmt::format("%{:02X}", c);
    }
  }
  return encoded;
}

Result<HttpResponse> get_ok(const Endpoint& rest, const std::string& target,
                            const HttpOptions& options) {
  TL_ASSIGN(auto response, http_get(rest, target, options));
  if (response.status == 200) return response;
  return make_error(Errc::unavailable, "GET {}: status {} from {}", target, response.status,
                    rest.authority());
}

// All pages of one query.
Result<std::vector<bybit::InstrumentInfo>> fetch_pages(const Endpoint& rest, std::string query,
                                                       const HttpOptions& options) {
  std::vector<bybit::InstrumentInfo> all;
  std::string cursor;
  for (int page_number = 0; page_number < most_pages; ++page_number) {
    std::string target = "/v5/market/instruments-info?" + query;
    if (!cursor.empty()) target += "&cursor=" + encode(cursor);
    TL_ASSIGN(const auto response, get_ok(rest, target, options));
    TL_ASSIGN(auto page, bybit::parse_instruments_page(response.body));
    std::ranges::move(page.instruments, std::back_inserter(all));
    if (page.next_cursor.empty() || page.next_cursor == cursor) break;
    cursor = page.next_cursor;
  }
  return all;
}

Result<std::vector<std::string>> fetch_option_coins(const Endpoint& rest,
                                                    const HttpOptions& options) {
  std::vector<std::string> coins;
  for (const auto coin : option_coins) {
    const auto query = fmt::format("category=option&limit=1000&baseCoin={}", coin);
    TL_ASSIGN(const auto contracts, fetch_pages(rest, query, options));
    if (!contracts.empty()) coins.emplace_back(coin);
  }
  return coins;
}

}  // namespace

Result<std::vector<std::string>> fetch_symbols(const Endpoint& rest, Category category,
                                               const HttpOptions& options) {
  if (category == Category::option) return fetch_option_coins(rest, options);
  std::string query = fmt::format("category={}", to_string(category));
  if (category != Category::spot) query += "&limit=1000";  // spot has no pages
  TL_ASSIGN(const auto instruments, fetch_pages(rest, query, options));
  std::vector<std::string> symbols;
  for (const auto& instrument : instruments) {
    if (instrument.status.empty() || instrument.status == "Trading") {
      symbols.push_back(instrument.symbol);
    }
  }
  return symbols;
}

Result<std::int64_t> fetch_server_time_ns(const Endpoint& rest, const HttpOptions& options) {
  TL_ASSIGN(const auto response, get_ok(rest, "/v5/market/time", options));
  return bybit::parse_server_time_ns(response.body);
}

std::vector<bybit::Market> resolve_markets(const Endpoint& rest,
                                           const std::vector<bybit::Market>& markets,
                                           const HttpOptions& options) {
  std::vector<bybit::Market> resolved;
  const auto add = [&](Category category, std::string_view symbol) {
    bybit::Market market{category, std::string(symbol)};
    if (std::ranges::find(resolved, market) == resolved.end())
      resolved.push_back(std::move(market));
  };
  bool reachable = true;  // one time-out is enough to wait for
  for (const auto& market : markets) {
    if (!market.all()) {
      add(market.category, market.symbol);
      continue;
    }
    if (reachable) {
      const auto symbols = fetch_symbols(rest, market.category, options);
      if (symbols) {
        for (const auto& symbol : *symbols) add(market.category, symbol);
        continue;
      }
      reachable = false;
      spdlog::warn("event=instruments_unavailable category={} fallback=well_known error=\"{}\"",
                   to_string(market.category), symbols.error().message);
    }
    for (const auto symbol : well_known(market.category)) add(market.category, symbol);
  }
  return resolved;
}

}  // namespace tradelake::feed
