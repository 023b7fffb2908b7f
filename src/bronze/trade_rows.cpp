#include "bronze/trade_rows.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "core/time.h"

namespace tradelake::bronze {

std::vector<RowNumbers> split_and_sort(const TradeBatch& batch, const MarketNames& markets,
                                       std::int64_t span_us) {
  // By market and span first: within one, trades are nearly always in order already.
  std::map<std::int64_t, std::vector<RowNumbers>> rows_by_span;
  std::int64_t last_span = INT64_MIN;
  std::vector<RowNumbers>* of_span = nullptr;
  for (std::uint32_t row = 0; row < batch.rows(); ++row) {
    const std::int64_t span = floor_div(batch.trade_time_us[row], span_us);
    if (span != last_span) {
      of_span = &rows_by_span[span];
      last_span = span;
    }
    const auto market = batch.market[row];
    if (of_span->size() <= market) of_span->resize(market + 1);
    (*of_span)[market].push_back(row);
  }
  std::vector<MarketIndex> order(markets.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](MarketIndex market) {
    return std::tuple(to_string(markets[market].category),
                      std::string_view(markets[market].symbol));
  });
  const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(batch.trade_time_us[a], batch.seq[a]) <
           std::tuple(batch.trade_time_us[b], batch.seq[b]);
  };
  std::vector<RowNumbers> spans;
  for (auto& [span, by_market] : rows_by_span) {
    auto& out = spans.emplace_back();
    for (const auto market : order) {
      if (market >= by_market.size()) continue;
      auto& rows = by_market[market];
      if (!std::ranges::is_sorted(rows, earlier)) std::ranges::stable_sort(rows, earlier);
      out.insert(out.end(), rows.begin(), rows.end());
    }
  }
  return spans;
}

std::vector<std::pair<std::string, iceberg::Column>> trade_columns(
    const TradeBatch& batch, const MarketNames& markets, const std::vector<std::string>& topics,
    const std::vector<std::uint32_t>& rows) {
  using namespace iceberg;
  static const std::vector<std::string> categories(bybit::category_names.begin(),
                                                   bybit::category_names.end());
  static const std::vector<std::string> sides{"Buy", "Sell"};
  const auto flags = [](const std::vector<Flag>& values) {
    static_assert(sizeof(Flag) == sizeof(std::int8_t));
    return std::span(reinterpret_cast<const std::int8_t*>(values.data()), values.size());
  };

  // Only the symbols that occur, numbered anew: a dictionary of all markets would be stored whole.
  std::vector<std::uint32_t> number(markets.size(), UINT32_MAX);
  std::vector<std::string> symbols;
  for (const auto row : rows) {
    auto& n = number[batch.market[row]];
    if (n != UINT32_MAX) continue;
    n = static_cast<std::uint32_t>(symbols.size());
    symbols.push_back(markets[batch.market[row]].symbol);
  }
  return {
      {"category", text_by_number_column(
                       categories,
                       [&](std::uint32_t row) {
                         return static_cast<std::uint32_t>(markets[batch.market[row]].category);
                       },
                       rows)},
      {"symbol", text_by_number_column(
                     symbols, [&](std::uint32_t row) { return number[batch.market[row]]; }, rows)},
      {"trade_id", text_column([&](std::uint32_t row) { return batch.trade_id(row); }, rows)},
      {"side",
       text_by_number_column(
           sides, [&](std::uint32_t row) { return static_cast<std::uint32_t>(batch.side[row]); },
           rows)},
      {"price", decimal_column(batch.price, rows)},
      {"size", decimal_column(batch.size, rows)},
      {"trade_time", timestamp_column(batch.trade_time_us, rows)},
      {"seq", int64_column(batch.seq, rows, -1)},
      {"tick_direction",
       text_by_number_column(
           batch.tick_directions, [&](std::uint32_t row) { return batch.tick_direction[row]; },
           rows, 0)},
      {"block_trade", boolean_column(flags(batch.block_trade), rows)},
      {"rpi", boolean_column(flags(batch.rpi), rows)},
      {"frame_time", timestamp_column(batch.frame_time_us, rows, TradeBatch::no_time)},
      {"received_at", timestamp_column(batch.received_us, rows)},
      {"extra", text_map_column(
                    [&](std::uint32_t row) {
                      const std::uint32_t begin = row == 0 ? 0 : batch.extra_end[row - 1];
                      return std::span(batch.extra).subspan(begin, batch.extra_end[row] - begin);
                    },
                    rows)},
      {"_topic",
       text_by_number_column(
           topics, [&](std::uint32_t row) { return std::uint32_t{batch.topic[row]}; }, rows)},
      {"_topic_partition", int32_column(batch.partition, rows)},
      {"_offset", int64_column(batch.offset, rows)},
      {"_index", int32_column(batch.index, rows)},
  };
}

}  // namespace tradelake::bronze
