#include "api/candle_cache.h"

#include <algorithm>
#include <tuple>

namespace tradelake::api {
namespace {

constexpr std::int64_t small_file_rows = 20'000;

auto market_key(bybit::Category category, std::string_view symbol) {
  return std::tuple(category, symbol);
}

}  // namespace

CandleCache::Packed CandleCache::pack(const silver::CandleRow& row) {
  const auto units = [](const std::optional<Decimal>& sum) {
    return sum.value_or(Decimal{}).units;
  };
  return {row.open.units,
          row.high.units,
          row.low.units,
          row.close.units,
          units(row.volume),
          units(row.turnover),
          units(row.buy_volume),
          units(row.buy_turnover),
          row.open_time_us,
          row.first_trade_time_us,
          row.last_trade_time_us,
          row.trades,
          row.revision,
          row.volume.has_value(),
          row.turnover.has_value(),
          row.buy_volume.has_value(),
          row.buy_turnover.has_value()};
}

silver::CandleRow CandleCache::unpack(const MarketRows& market, const Packed& packed) {
  const auto sum = [](bool has, int128_t units) {
    return has ? std::optional(Decimal{units}) : std::nullopt;
  };
  silver::CandleRow row;
  row.category = market.category;
  row.symbol = market.symbol;
  row.open_time_us = packed.open_time_us;
  row.open = Decimal{packed.open};
  row.high = Decimal{packed.high};
  row.low = Decimal{packed.low};
  row.close = Decimal{packed.close};
  row.volume = sum(packed.has_volume, packed.volume);
  row.turnover = sum(packed.has_turnover, packed.turnover);
  row.buy_volume = sum(packed.has_buy_volume, packed.buy_volume);
  row.buy_turnover = sum(packed.has_buy_turnover, packed.buy_turnover);
  row.trades = packed.trades;
  row.first_trade_time_us = packed.first_trade_time_us;
  row.last_trade_time_us = packed.last_trade_time_us;
  row.revision = packed.revision;
  return row;
}

Result<std::shared_ptr<const CandleCache::Decoded>> CandleCache::decoded(
    const iceberg::Table& table, const iceberg::ScanFile& file, const std::string& name,
    const iceberg::Filter& filter) {
  if (auto known = cache_.find(name)) return known;
  TL_ASSIGN(auto rows, silver::read_candles(table, io_, file, filter));
  // Sorted already if we wrote the file.
  std::ranges::sort(rows, [](const auto& a, const auto& b) {
    return std::tuple(market_key(a.category, a.symbol), a.open_time_us) <
           std::tuple(market_key(b.category, b.symbol), b.open_time_us);
  });
  auto decoded = std::make_shared<Decoded>();
  decoded->rows.reserve(rows.size());
  for (const auto& row : rows) {
    auto& markets = decoded->markets;
    if (markets.empty() || market_key(markets.back().category, markets.back().symbol) !=
                               market_key(row.category, row.symbol)) {
      markets.push_back({row.category, row.symbol, decoded->rows.size(), 0});
    }
    decoded->rows.push_back(pack(row));
    markets.back().end = decoded->rows.size();
  }
  const std::size_t bytes = 512 + name.size() + decoded->rows.size() * sizeof(Packed) +
                            decoded->markets.size() * sizeof(MarketRows);
  cache_.put(name, decoded, bytes);
  return decoded;
}

Result<std::vector<silver::CandleRow>> CandleCache::rows(const iceberg::Table& table,
                                                         const iceberg::ScanFile& file,
                                                         bybit::Category category,
                                                         std::string_view symbol) {
  std::string name = rows_name(file);
  iceberg::Filter filter;
  if (file.file.record_count > small_file_rows) {
    name += fmt::format("\n{}\n{}", to_string(category), symbol);
    filter = {{"category",
               iceberg::Comparison::equal,
               {iceberg::Value{std::string(to_string(category))}}},
              {"symbol", iceberg::Comparison::equal, {iceberg::Value{std::string(symbol)}}}};
  }
  TL_ASSIGN(const auto decoded, this->decoded(table, file, name, filter));
  const auto key = market_key(category, symbol);
  const auto market = std::ranges::lower_bound(decoded->markets, key, {}, [](const MarketRows& m) {
    return market_key(m.category, m.symbol);
  });
  std::vector<silver::CandleRow> rows;
  if (market == decoded->markets.end() || market_key(market->category, market->symbol) != key)
    return rows;
  rows.reserve(market->end - market->begin);
  for (std::size_t i = market->begin; i < market->end; ++i)
    rows.push_back(unpack(*market, decoded->rows[i]));
  return rows;
}

Result<std::vector<silver::CandleRow>> CandleCache::newest_rows(const iceberg::Table& table,
                                                                const iceberg::ScanFile& file) {
  TL_ASSIGN(const auto decoded, this->decoded(table, file, rows_name(file), {}));
  std::vector<silver::CandleRow> rows;
  for (const auto& market : decoded->markets)
    rows.push_back(unpack(market, decoded->rows[market.end - 1]));
  return rows;
}

}  // namespace tradelake::api
