#include "silver/rollup.h"

#include <algorithm>

namespace tradelake::silver {
namespace {

void take_in(std::optional<CandleRow>& into, const CandleRow& row) {
  if (into) {
    into->merge(row);
  } else {
    into = row;
  }
}

}  // namespace

const Rollup::Candle* Rollup::find(const Key& key) const {
  const auto& candles = candles_[key.interval];
  const auto span = candles.find(key.open_time_us);
  if (span == candles.end()) return nullptr;
  const auto candle = span->second.find(key.market);
  return candle == span->second.end() ? nullptr : &candle->second;
}

// Those not in their tables whose time is over or that an end marker came after; after loading all.
void Rollup::add_unwritten(Keys& keys, const Books& books,
                           const std::vector<std::int64_t>& until) const {
  if (until.empty()) return;
  const std::int64_t furthest_us = std::ranges::max(until);
  for (std::size_t interval = 0; interval < larger_count; ++interval) {
    const std::int64_t step_us = larger_intervals[interval].step_us;
    for (const auto& [open_time_us, span] : candles_[interval]) {
      const std::int64_t end_us = open_time_us + step_us;
      if (end_us > furthest_us && !looks_at_all_) break;
      for (const auto& [market, candle] : span) {
        const bool due = candle.finalized || end_us <= until[*books.home(market)];
        if (candle.stored ? looks_at_all_ : due)
          keys[{interval, open_time_us, market}] |= candle.finalized;
      }
    }
  }
}

std::optional<CandleRow> Rollup::merged(const Key& key, const Candle* known, const Books& books,
                                        const std::vector<std::int64_t>& until,
                                        const bronze::MarketName& name) const {
  std::optional<CandleRow> row;
  if (known != nullptr) row = known->finals;
  const std::int64_t end_us = key.open_time_us + larger_intervals[key.interval].step_us;
  books.of_market(
      key.market, key.open_time_us, end_us,
      [&](std::size_t slot, std::int64_t open_time_us, const BookEntry& entry) {
        // In the table when this commit is done.
        if (entry.stored_revision || Book::to_be_written(entry, open_time_us, until[slot]))
          take_in(row, to_row(name.category, name.symbol, open_time_us, entry.candle));
      });
  if (row) row->open_time_us = key.open_time_us;
  return row;
}

LargerChanges Rollup::collect(const Emission& minutes, const Books& books,
                              const bronze::MarketTable& markets, const Watermarks& watermarks,
                              std::int64_t now_us) const {
  Keys keys;
  for (const auto& minute : minutes.written()) {
    for (std::size_t interval = 0; interval < larger_count; ++interval) {
      keys[{interval, larger_intervals[interval].open_time_us(minute.open_time_us),
            minute.market}] |= minute.finalized;
    }
  }
  add_unwritten(keys, books, watermarks.until);
  LargerChanges changes;
  for (std::size_t interval = 0; interval < larger_count; ++interval)
    changes[interval].interval = &larger_intervals[interval];
  for (const auto& [key, finalized] : keys) {
    const auto* known = find(key);
    const bool stored = known != nullptr && known->stored;
    const auto home = *books.home(key.market);
    const std::int64_t end_us = key.open_time_us + larger_intervals[key.interval].step_us;
    if (!stored && !finalized && end_us > watermarks.until[home]) continue;
    auto row = merged(key, known, books, watermarks.until, markets.name(key.market));
    if (!row || (stored && row->same_candle(*known->stored))) continue;
    row->updated_at_us = now_us;
    row->revision = stored ? known->stored->revision + 1 : 0;
    auto& change = changes[key.interval];
    if (stored) {
      // Written before its time was over: because of an end marker.
      const bool was_open = end_us > watermarks.passed[home];
      change.revised.push_back({*std::move(row), was_open ? extended : late_trade});
    } else {
      change.fresh.push_back(*std::move(row));
    }
  }
  return changes;
}

bool Rollup::has_any_to_write(const Books& books, const std::vector<std::int64_t>& until) const {
  Keys keys;
  add_unwritten(keys, books, until);
  return !keys.empty();
}

void Rollup::mark_stored(const LargerChanges& changes, const Emission& minutes,
                         const bronze::MarketTable& markets) {
  for (const auto& minute : minutes.written()) {
    for (std::size_t interval = 0; interval < larger_count; ++interval) {
      candles_[interval][larger_intervals[interval].open_time_us(minute.open_time_us)].try_emplace(
          minute.market);
    }
  }
  for (std::size_t interval = 0; interval < larger_count; ++interval) {
    const auto keep = [&](const CandleRow& row) {
      const auto market = markets.find(row.category, row.symbol);
      candles_[interval][row.open_time_us][market].stored = row;
    };
    std::ranges::for_each(changes[interval].fresh, keep);
    std::ranges::for_each(changes[interval].revised, keep, &CandleChange::Revised::row);
  }
  looks_at_all_ = false;
}

bool Rollup::is_of_interest(std::size_t interval, std::int64_t open_time_us,
                            std::int64_t closed_until_us) const {
  return empty_[interval] || open_time_us + larger_intervals[interval].step_us > closed_until_us;
}

void Rollup::add_final(bronze::MarketIndex market, const CandleRow& minute,
                       std::int64_t closed_until_us) {
  for (std::size_t interval = 0; interval < larger_count; ++interval) {
    const std::int64_t open_time_us = larger_intervals[interval].open_time_us(minute.open_time_us);
    if (!is_of_interest(interval, open_time_us, closed_until_us)) continue;
    take_in(candles_[interval][open_time_us][market].finals, minute);
  }
}

void Rollup::finalize(std::size_t slot, const Books& books) {
  if (!loaded_) finalized_slots_.insert(slot);
  for (auto& candles : candles_) {
    for (auto& [open_time_us, span] : candles) {
      for (auto& [market, candle] : span) {
        if (candle.stored || books.home(market) != slot) continue;
        candle.finalized = looks_at_all_ = true;
      }
    }
  }
}

void Rollup::forget_until(const std::vector<std::int64_t>& closed_until_us, const Books& books) {
  if (closed_until_us.empty()) return;
  const std::int64_t furthest_us = std::ranges::max(closed_until_us);
  for (std::size_t interval = 0; interval < larger_count; ++interval) {
    auto& candles = candles_[interval];
    const std::int64_t step_us = larger_intervals[interval].step_us;
    for (auto at = candles.begin(); at != candles.end() && at->first + step_us <= furthest_us;) {
      std::erase_if(at->second, [&](const auto& entry) {
        const auto& [market, candle] = entry;
        return candle.stored && at->first + step_us <= closed_until_us[*books.home(market)];
      });
      at = at->second.empty() ? candles.erase(at) : std::next(at);
    }
  }
}

void Rollup::clear() {
  for (auto& candles : candles_) candles.clear();
  finalized_slots_.clear();
  loaded_ = looks_at_all_ = false;
  empty_ = {};
}

// What end markers said stays: it is in no table.
void Rollup::begin_loading(const Empty& empty) {
  loaded_ = false;
  empty_ = empty;
  for (auto& candles : candles_) {
    for (auto& [open_time_us, span] : candles) {
      for (auto& [market, candle] : span) candle.finals = candle.stored = std::nullopt;
    }
  }
}

void Rollup::add_in_book(bronze::MarketIndex market, std::int64_t open_time_us, bool finalized,
                         std::int64_t closed_until_us) {
  for (std::size_t interval = 0; interval < larger_count; ++interval) {
    const std::int64_t start_us = larger_intervals[interval].open_time_us(open_time_us);
    if (!is_of_interest(interval, start_us, closed_until_us)) continue;
    candles_[interval][start_us][market].finalized |= finalized;
  }
}

void Rollup::add_stored(std::size_t interval, bronze::MarketIndex market, CandleRow row) {
  candles_[interval][row.open_time_us][market].stored = std::move(row);
}

void Rollup::end_loading(const Books& books) {
  loaded_ = looks_at_all_ = true;
  empty_ = {};
  for (const auto slot : finalized_slots_) finalize(slot, books);
  finalized_slots_.clear();
}

}  // namespace tradelake::silver
