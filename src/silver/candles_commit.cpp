// The part of CandlesPipeline that commits: when, what, and what becomes of it.
#include <algorithm>

#include "core/time.h"
#include "silver/candles_pipeline.h"
#include "silver/stored_candles.h"
#include "silver/watermark.h"

namespace tradelake::silver {

std::vector<std::int64_t> CandlesPipeline::current_watermarks() {
  const std::int64_t now = now_us();
  std::vector<PartitionClock> clocks(books_.slots());
  for (auto& [where, position] : positions_) {
    if (position.last_record_us == 0) position.last_record_us = now;
    clocks[position.slot] = {position.max_trade_time_us,
                             now - position.last_record_us >= idle_after_us};
  }
  return watermarks(clocks, live_, now);
}

bool CandlesPipeline::due() {
  if (has_uncommitted()) return interval_is_over() || pending_rows() >= limits_.max_rows;
  // Nothing new: candles may still become due by the clock.
  const std::int64_t now = now_us();
  if (now - last_look_us_ < us_per_second) return false;
  last_look_us_ = now;
  if (!rebuilt_) return true;
  auto until = current_watermarks();
  if (rollup_.has_any_to_write(books_, until)) return true;
  for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
    if (books_.of_slot(slot).has_any_to_write(until[slot])) return true;
  }
  passed_ = std::move(until);
  return false;
}

// Trades at replay-from and later are in the books: brought together with what the tables have,
// once, before the first commit.
Result<bool> CandlesPipeline::rebuilt() {
  if (rebuilt_) return true;
  for (const auto& [where, position] : positions_) {
    if (position.committed && position.next_offset < position.committed->next_offset) return false;
  }
  TL_TRY(load_stored());
  rebuilt_ = true;
  return true;
}

Result<> CandlesPipeline::load_stored() {
  StoredCandles stored(lake_.io, positions_, grace_us_, markets_, books_, mutex_);
  Rollup::Empty empty{};
  for (std::size_t n = 0; n < larger_count; ++n)
    empty[n] = tables_.candles[n + 1].metadata->current_snapshot() == nullptr;
  rollup_.begin_loading(empty);
  TL_TRY(stored.visit_minutes(tables_.minutes(), [&](bronze::MarketIndex market, CandleRow row,
                                                     std::int64_t closed_until_us) {
    auto* entry = books_.find(market, row.open_time_us);
    if (entry == nullptr) return rollup_.add_final(market, row, closed_until_us);
    entry->stored_revision = row.revision;
    entry->dirty =
        !to_row(row.category, row.symbol, row.open_time_us, entry->candle).same_candle(row);
    rollup_.add_in_book(market, row.open_time_us, entry->finalized, closed_until_us);
  }));
  for (std::size_t n = 0; n < larger_count; ++n) {
    TL_TRY(stored.visit_larger(tables_.candles[n + 1], larger_intervals[n],
                               [&](bronze::MarketIndex market, CandleRow row, std::int64_t) {
                                 rollup_.add_stored(n, market, std::move(row));
                               }));
  }
  rollup_.end_loading(books_);
  return {};
}

// Only looked at: nothing is consumed until write() is done.
Result<bool> CandlesPipeline::seal() {
  TL_ASSIGN(const bool ready, rebuilt());
  if (!ready) return false;
  sealed_ = {};
  sealed_.at_us = now_us();
  sealed_.watermarks = {current_watermarks(), passed_};
  for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
    sealed_.minutes.collect(books_.of_slot(slot), markets_, sealed_.watermarks.until[slot],
                            passed_[slot], sealed_.at_us);
  }
  sealed_.larger =
      rollup_.collect(sealed_.minutes, books_, markets_, sealed_.watermarks, sealed_.at_us);
  // Rows that are written without new offsets are fenced by the offsets they stand on.
  sealed_.updates = positions_.updates(grace_us_, sealed_.has_candles() || late_.rows() > 0);
  if (sealed_.updates.empty()) {
    rollup_.mark_unchanged();
    passed_ = std::move(sealed_.watermarks.until);
    nothing_to_commit();
    return false;
  }
  sealed_.commit_id = bronze::new_commit_id();
  const std::lock_guard lock(mutex_);
  begin_batch();
  return true;
}

Result<> CandlesPipeline::write() {
  check_conservation();
  auto note = bronze::commit_note(name_, sealed_.commit_id, positions_, sealed_.updates);
  bronze::add_counts(note, sealed_counts_);
  auto tables = tables_;  // readers see the old heads until all is done
  TL_TRY(silver::write(sealed_, {late_, gaps_, markets_.names(), topics_}, name_, note, lake_,
                       tables));
  finish(std::move(tables));
  return {};
}

void CandlesPipeline::finish(SilverTables tables) {
  const std::lock_guard lock(mutex_);
  tables_ = std::move(tables);
  sealed_.minutes.mark_stored();
  rollup_.mark_stored(sealed_.larger, sealed_.minutes, markets_);
  committed(sealed_.updates, sealed_.at_us);
  drop_closed();
  const auto& minutes = sealed_.minutes.change();
  status_.null_sums += static_cast<std::int64_t>(sealed_.null_sums());
  status_.candles_written += static_cast<std::int64_t>(minutes.fresh.size());
  status_.candles_revised += static_cast<std::int64_t>(minutes.revised.size());
  status_.late_trades += static_cast<std::int64_t>(late_.rows());
  late_.clear();
  gaps_.clear();
  passed_ = std::move(sealed_.watermarks.until);
  sealed_ = {};
}

// What is out of grace stays as it is in the tables; larger candles keep what they need of it.
void CandlesPipeline::drop_closed() {
  std::vector<std::int64_t> closed_until_us(books_.slots(), INT64_MIN);
  for (const auto& [where, position] : positions_) {
    closed_until_us[position.slot] = position.closed_until_us(grace_us_);
    ids_.expire(position.slot, closed_until_us[position.slot]);
  }
  for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
    books_.of_slot(slot).drop_until(
        closed_until_us[slot],
        [&](std::int64_t open_time_us, bronze::MarketIndex market, const BookEntry& entry) {
          const auto& name = markets_.name(market);
          rollup_.add_final(market, to_row(name.category, name.symbol, open_time_us, entry.candle),
                            closed_until_us[*books_.home(market)]);
        });
  }
  rollup_.forget_until(closed_until_us, books_);
}

}  // namespace tradelake::silver
