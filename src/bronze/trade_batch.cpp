#include "bronze/trade_batch.h"

#include <algorithm>

namespace tradelake::bronze {
namespace {

template <class T>
void keep_rows(std::vector<T>& column, const std::vector<bool>& drop) {
  std::size_t to = 0;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (!drop[row]) column[to++] = column[row];
  }
  column.resize(to);
}

}  // namespace

void TradeBatch::append(const Trade& trade, const ParsedFrame& frame, MarketIndex of_market,
                        const FrameOrigin& origin) {
  market.push_back(of_market);
  id_text.append(trade.trade_id);
  id_end.push_back(static_cast<std::uint32_t>(id_text.size()));
  side.push_back(trade.side);
  price.push_back(trade.price.units);
  size.push_back(trade.size.units);
  trade_time_us.push_back(trade.trade_time_us);
  seq.push_back(trade.has_seq ? trade.seq : -1);
  tick_direction.push_back(trade.has_tick_direction ? number_of_tick_direction(trade.tick_direction)
                                                    : 0);
  block_trade.push_back(trade.block_trade);
  rpi.push_back(trade.rpi);
  frame_time_us.push_back(frame.frame_time_us.value_or(no_time));
  received_us.push_back(origin.received_us);
  for (std::uint32_t i = 0; i < trade.extra_count; ++i) {
    const auto& field = frame.extra[trade.extra_begin + i];
    extra.emplace_back(field.key, field.value);
  }
  extra_end.push_back(static_cast<std::uint32_t>(extra.size()));
  topic.push_back(origin.topic);
  partition.push_back(origin.partition);
  offset.push_back(origin.offset);
  index.push_back(trade.index);
}

std::uint32_t TradeBatch::number_of_tick_direction(std::string_view text) {
  // The exchange's four values are found by looking; a hash keeps hostile input linear.
  constexpr std::size_t looked_at = 5;
  for (std::size_t i = 1; i < std::min(looked_at, tick_directions.size()); ++i) {
    if (tick_directions[i] == text) return static_cast<std::uint32_t>(i);
  }
  const auto [at, added] = tick_direction_numbers_.try_emplace(
      std::string(text), static_cast<std::uint32_t>(tick_directions.size()));
  if (added) tick_directions.emplace_back(text);
  return at->second;
}

void TradeBatch::remove(const std::vector<bool>& drop) {
  std::string kept_ids;
  std::vector<std::uint32_t> kept_id_end, kept_extra_end;
  std::vector<std::pair<std::string, std::string>> kept_extra;
  for (std::size_t row = 0; row < rows(); ++row) {
    if (drop[row]) continue;
    kept_ids.append(trade_id(row));
    kept_id_end.push_back(static_cast<std::uint32_t>(kept_ids.size()));
    for (std::uint32_t i = row == 0 ? 0 : extra_end[row - 1]; i < extra_end[row]; ++i)
      kept_extra.push_back(extra[i]);
    kept_extra_end.push_back(static_cast<std::uint32_t>(kept_extra.size()));
  }
  id_text = std::move(kept_ids);
  id_end = std::move(kept_id_end);
  extra = std::move(kept_extra);
  extra_end = std::move(kept_extra_end);
  keep_rows(side, drop);
  keep_rows(price, drop);
  keep_rows(size, drop);
  keep_rows(trade_time_us, drop);
  keep_rows(seq, drop);
  keep_rows(tick_direction, drop);
  keep_rows(block_trade, drop);
  keep_rows(rpi, drop);
  keep_rows(frame_time_us, drop);
  keep_rows(received_us, drop);
  keep_rows(topic, drop);
  keep_rows(partition, drop);
  keep_rows(offset, drop);
  keep_rows(index, drop);
  keep_rows(market, drop);
}

void TradeBatch::clear() {
  market.clear();
  id_end.clear();
  id_text.clear();
  side.clear();
  price.clear();
  size.clear();
  trade_time_us.clear();
  seq.clear();
  tick_direction.clear();
  block_trade.clear();
  rpi.clear();
  frame_time_us.clear();
  received_us.clear();
  extra_end.clear();
  extra.clear();
  topic.clear();
  partition.clear();
  offset.clear();
  index.clear();
  tick_directions.resize(1);
  tick_direction_numbers_.clear();
}

}  // namespace tradelake::bronze
