#include "silver/stored_candles.h"

#include <algorithm>

#include "iceberg/declared_schema.h"
#include "iceberg/scan.h"
#include "silver/candle_arrow.h"
#include "silver/home_partition.h"
#include "silver/tables.h"

namespace tradelake::silver {

StoredCandles::StoredCandles(iceberg::FileIo& io, const bronze::Positions& positions,
                             std::int64_t grace_us, bronze::MarketTable& markets, Books& books,
                             std::mutex& mutex)
    : io_(io),
      positions_(positions),
      grace_us_(grace_us),
      markets_(markets),
      books_(books),
      mutex_(mutex),
      by_slot_(books.slots()) {
  for (const auto& [where, position] : positions) by_slot_[position.slot] = &position;
}

Result<> StoredCandles::visit_minutes(const iceberg::Table& table, const Visit& visit) {
  return this->visit(table, stored_intervals.back().step_us, visit);
}

Result<> StoredCandles::visit_larger(const iceberg::Table& table, const StoredInterval& interval,
                                     const Visit& visit) {
  return this->visit(table, interval.step_us,
                     [&](bronze::MarketIndex market, CandleRow row, std::int64_t closed_until_us) {
                       if (row.open_time_us + interval.step_us > closed_until_us)
                         visit(market, std::move(row), closed_until_us);
                     });
}

// From the start of the first candle of that size that may change to the last trade, for each
// partition; overlapping ones made one. A partition that rests for long does not make the others'
// past be read.
std::vector<StoredCandles::Span> StoredCandles::spans(std::int64_t step_us) const {
  std::vector<Span> all;
  for (const auto& [where, position] : positions_) {
    if (!position.committed || !position.committed->max_trade_time_us) continue;
    all.push_back({floor_to(position.committed_closed_until_us(grace_us_), step_us),
                   *position.committed->max_trade_time_us});
  }
  std::ranges::sort(all, {}, &Span::from_us);
  std::vector<Span> joined;
  for (const auto& span : all) {
    if (joined.empty() || span.from_us > joined.back().to_us) {
      joined.push_back(span);
    } else {
      joined.back().to_us = std::max(joined.back().to_us, span.to_us);
    }
  }
  return joined;
}

Result<> StoredCandles::visit(const iceberg::Table& table, std::int64_t step_us,
                              const Visit& visit) {
  const auto metadata = iceberg::as_declared(table.metadata, candle_schema());
  for (const auto& span : spans(step_us)) {
    const iceberg::Filter filter{
        {"open_time", iceberg::Comparison::greater_equal, {iceberg::Value{span.from_us}}},
        {"open_time", iceberg::Comparison::less_equal, {iceberg::Value{span.to_us}}}};
    TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io_, filter));
    for (const auto& file : files) {
      TL_TRY(visit_candles(table, io_, file, filter, [&](CandleRow row) {
        const std::lock_guard lock(mutex_);
        const auto* position = home_of(row);
        if (position == nullptr) return;
        const auto market = markets_.index_of(row.category, row.symbol);
        books_.settle(market, position->slot);
        visit(market, std::move(row), position->committed_closed_until_us(grace_us_));
      }));
    }
  }
  return {};
}

const bronze::PartitionPosition* StoredCandles::home_of(const CandleRow& row) {
  const auto market = markets_.find(row.category, row.symbol);
  if (const auto slot = market == markets_.size() ? std::nullopt : books_.home(market))
    return by_slot_[*slot];
  const auto where = home_partition(row.category, row.symbol);
  for (const auto& [known, position] : positions_) {
    if (known == where) return &position;
  }
  return nullptr;
}

}  // namespace tradelake::silver
