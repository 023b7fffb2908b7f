#include "feed/simulator/rest_api.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace tradelake::feed {
namespace {

using bybit::Category;

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 1'440 * minute_ms;
constexpr std::int64_t monday_ms = 4 * day_ms;  // 1970-01-05: weeks begin on Mondays

class Query {
 public:
  explicit Query(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = std::min(text.find('&', begin), text.size());
      const auto pair = text.substr(begin, end - begin);
      const auto equals = std::min(pair.find('='), pair.size());
      values_[decode(pair.substr(0, equals))] =
          equals < pair.size() ? decode(pair.substr(equals + 1)) : "";
      begin = end + 1;
    }
  }

  std::string text(const std::string& key, std::string fallback = {}) const {
    const auto found = values_.find(key);
    return found == values_.end() || found->second.empty() ? fallback : found->second;
  }

  // Nothing: there, but not a number.
  std::optional<std::int64_t> number(const std::string& key, std::int64_t fallback) const {
    const auto value = text(key);
    if (value.empty()) return fallback;
    std::int64_t parsed = 0;
    const auto end = value.data() + value.size();
    const auto result = std::from_chars(value.data(), end, parsed);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return parsed;
  }

 private:
  static std::string decode(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      unsigned value = 0;
      if (text[i] == '%' && i + 2 < text.size() &&
          std::from_chars(&text[i + 1], &text[i + 3], value, 16).ptr == &text[i + 3]) {
        plain += static_cast<char>(value);
        i += 2;
      } else {
        plain += text[i] == '+' ? ' ' : text[i];
      }
    }
    return plain;
  }

  std::map<std::string, std::string> values_;
};

struct Service {
  const MarketBook& book;
  const std::vector<ListedInstrument>& instruments;
  std::int64_t now_ns;

  std::string envelope(int code, std::string_view message, std::string_view result) const {
    return fmt::format(R"({{"retCode":{},"retMsg":"{}","result":{},"retExtInfo":{{}},"time":{}}})",
                       code, message, result, now_ns / 1'000'000);
  }
  RestAnswer ok(std::string_view result) const { return {200, envelope(0, "OK", result)}; }
  RestAnswer bad(std::string_view message) const { return {200, envelope(10001, message, "{}")}; }

  RestAnswer time() const {
    return ok(
        fmt::format(R"({{"timeSecond":"{}","timeNano":"{}"}})", now_ns / 1'000'000'000, now_ns));
  }

  static std::string describe(const ListedInstrument& item) {
    const bool spot = item.category == Category::spot;
    return fmt::format(
        R"({{"symbol":"{}","baseCoin":"{}","quoteCoin":"{}","status":"Trading","priceFilter":{{"tickSize":"{}"}},"lotSizeFilter":{{"{}":"{}"}}}})",
        item.symbol, item.base_coin, item.quote_coin, item.tick_size,
        spot ? "basePrecision" : "qtyStep", item.size_step);
  }

  RestAnswer instruments_info(const Query& query, Category category) const {
    const auto limit = query.number("limit", 500);
    const auto first = query.number("cursor", 0);
    if (!limit || *limit < 1 || *limit > 1000 || !first || *first < 0) {
      return bad("params error: limit or cursor invalid");
    }
    const bool spot = category == Category::spot;  // one page whatever is asked for
    const auto symbol = query.text("symbol");
    const auto coin = query.text("baseCoin", category == Category::option ? "BTC" : "");
    std::vector<const ListedInstrument*> matching;
    for (const auto& item : instruments) {
      if (item.category != category || (!symbol.empty() && item.symbol != symbol)) continue;
      if (coin.empty() || item.base_coin == coin) matching.push_back(&item);
    }
    const auto begin = spot ? 0 : std::min(static_cast<std::size_t>(*first), matching.size());
    const auto end = spot ? matching.size()
                          : std::min(begin + static_cast<std::size_t>(*limit), matching.size());
    std::string list;
    for (auto i = begin; i < end; ++i) {
      if (i > begin) list += ',';
      list += describe(*matching[i]);
    }
    const std::string cursor = end < matching.size() ? std::to_string(end) : "";
    return ok(fmt::format(R"({{"category":"{}",{}"list":[{}]}})", to_string(category),
                          spot ? "" : fmt::format(R"("nextPageCursor":"{}",)", cursor), list));
  }

  RestAnswer recent_trade(const Query& query, Category category) const {
    const std::int64_t most = category == Category::spot ? 60 : 1000;
    const auto limit = query.number("limit", category == Category::spot ? 60 : 500);
    if (!limit || *limit < 1 || *limit > most) return bad("params error: limit invalid");
    std::vector<std::pair<std::string, const BookTrade*>> trades;
    const auto symbol = query.text("symbol");
    const auto coin = query.text("baseCoin", "BTC");
    for (const auto& item : instruments) {
      const bool wanted = !symbol.empty()                ? item.symbol == symbol
                          : category == Category::option ? item.base_coin == coin
                                                         : false;
      if (item.category != category || !wanted) continue;
      for (const auto* trade : book.recent({category, item.symbol}, *limit)) {
        trades.emplace_back(item.symbol, trade);
      }
    }
    if (trades.empty() && symbol.empty() && category != Category::option) {
      return bad("params error: symbol invalid");
    }
    std::ranges::stable_sort(trades, std::greater{}, [](const auto& t) { return t.second->seq; });
    if (trades.size() > static_cast<std::size_t>(*limit)) trades.resize(*limit);
    std::string list;
    for (const auto& [name, trade] : trades) {
      if (!list.empty()) list += ',';
      list += fmt::format(
          R"({{"execId":"{}","symbol":"{}","price":"{}","size":"{}","side":"{}","time":"{}","isBlockTrade":{},"isRPITrade":{},"seq":"{}"}})",
          trade->id, name, trade->price, trade->size, trade->buy ? "Buy" : "Sell", trade->time_ms,
          trade->block, trade->rpi, trade->seq);
    }
    return ok(fmt::format(R"({{"category":"{}","list":[{}]}})", to_string(category), list));
  }

  RestAnswer kline(const Query& query, Category category) const {
    if (!bybit::has_klines(category)) return bad("params error: category invalid");
    const auto interval = query.text("interval");
    const auto limit = query.number("limit", 200);
    const auto start = query.number("start", 0);
    const auto end = query.number("end", std::numeric_limits<std::int64_t>::max());
    std::int64_t step_ms = 0;
    for (const int minutes : {1, 3, 5, 15, 30, 60, 120, 240, 360, 720}) {
      if (interval == std::to_string(minutes)) step_ms = minutes * minute_ms;
    }
    if (interval == "D") step_ms = day_ms;
    if (interval == "W") step_ms = 7 * day_ms;
    const auto symbol = query.text("symbol");
    const bool known = std::ranges::any_of(instruments, [&](const ListedInstrument& item) {
      return item.category == category && item.symbol == symbol;
    });
    if (!known) return bad("params error: symbol invalid");
    if (step_ms == 0) return bad("params error: interval invalid");
    if (!limit || *limit < 1 || *limit > 1000 || !start || !end) {
      return bad("params error: limit, start or end invalid");
    }
    std::string list;
    for (const auto& candle : book.candles({category, symbol}, step_ms,
                                           interval == "W" ? monday_ms : 0, *start, *end, *limit)) {
      if (!list.empty()) list += ',';
      list +=
          fmt::format(R"(["{}","{}","{}","{}","{}","{}","{}"])", candle.open_ms,
                      tradelake::to_string(candle.open), tradelake::to_string(candle.high),
                      tradelake::to_string(candle.low), tradelake::to_string(candle.close),
                      tradelake::to_string(candle.volume), tradelake::to_string(candle.turnover));
    }
    return ok(fmt::format(R"({{"symbol":"{}","category":"{}","list":[{}]}})", symbol,
                          to_string(category), list));
  }
};

}  // namespace

RestAnswer answer_rest(std::string_view target, const MarketBook& book,
                       const std::vector<ListedInstrument>& instruments, std::int64_t now_ns) {
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  const Query query(mark < target.size() ? target.substr(mark + 1) : "");
  const Service service{book, instruments, now_ns};
  if (path == "/v5/market/time") return service.time();
  const bool kline = path == "/v5/market/kline";
  if (!kline && path != "/v5/market/instruments-info" && path != "/v5/market/recent-trade") {
    return {404, service.envelope(10001, "not found", "{}")};
  }
  const auto category = bybit::parse_category(query.text("category", kline ? "linear" : ""));
  if (!category) return service.bad("params error: category invalid");
  if (kline) return service.kline(query, *category);
  if (path == "/v5/market/recent-trade") return service.recent_trade(query, *category);
  return service.instruments_info(query, *category);
}

}  // namespace tradelake::feed
