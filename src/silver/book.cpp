#include "silver/book.h"

#include <algorithm>
#include <utility>

#include "core/time.h"

namespace tradelake::silver {

void Book::add(bybit::Category category, bronze::MarketIndex market, std::int64_t open_time_us,
               const CandleTrade& trade) {
  if (last_ == nullptr || last_open_time_us_ != open_time_us || last_market_ != market) {
    last_ = &minutes_[open_time_us][market];
    last_open_time_us_ = open_time_us;
    last_market_ = market;
  }
  last_->candle.add(category, trade);
  last_->dirty = true;
}

void Book::finalize() {
  for (auto& [open_time_us, minute] : minutes_) {
    for (auto& [market, entry] : minute) entry.finalized = true;
  }
}

bool Book::to_be_written(const BookEntry& entry, std::int64_t open_time_us,
                         std::int64_t watermark_us) {
  if (entry.stored_revision) return entry.dirty;
  return entry.finalized || open_time_us + us_per_minute <= watermark_us;
}

bool Book::has_any_to_write(std::int64_t watermark_us) const {
  for (const auto& [open_time_us, minute] : minutes_) {
    for (const auto& [market, entry] : minute) {
      if (to_be_written(entry, open_time_us, watermark_us)) return true;
    }
  }
  return false;
}

void Book::for_each(const Visit& visit) {
  for (auto& [open_time_us, minute] : minutes_) {
    for (auto& [market, entry] : minute) visit(open_time_us, market, entry);
  }
}

BookEntry* Book::find(std::int64_t open_time_us, bronze::MarketIndex market) {
  return const_cast<BookEntry*>(std::as_const(*this).find(open_time_us, market));
}

const BookEntry* Book::find(std::int64_t open_time_us, bronze::MarketIndex market) const {
  const auto minute = minutes_.find(open_time_us);
  if (minute == minutes_.end()) return nullptr;
  const auto entry = minute->second.find(market);
  return entry == minute->second.end() ? nullptr : &entry->second;
}

void Book::of_market(bronze::MarketIndex market, std::int64_t from_us, std::int64_t to_us,
                     const std::function<void(std::int64_t, const BookEntry&)>& visit) const {
  for (auto minute = minutes_.lower_bound(from_us);
       minute != minutes_.end() && minute->first < to_us; ++minute) {
    const auto entry = minute->second.find(market);
    if (entry != minute->second.end()) visit(minute->first, entry->second);
  }
}

void Book::drop_until(std::int64_t closed_until_us, const Visit& visit) {
  dropped_until_us_ = std::max(dropped_until_us_, closed_until_us);
  while (!minutes_.empty() && minutes_.begin()->first + us_per_minute <= closed_until_us) {
    if (visit) {
      for (auto& [market, entry] : minutes_.begin()->second)
        visit(minutes_.begin()->first, market, entry);
    }
    minutes_.erase(minutes_.begin());
    last_ = nullptr;
  }
}

bool Book::has_dropped(std::int64_t open_time_us) const {
  return open_time_us + us_per_minute <= dropped_until_us_;
}

std::size_t Book::size() const {
  std::size_t count = 0;
  for (const auto& [open_time_us, minute] : minutes_) count += minute.size();
  return count;
}

}  // namespace tradelake::silver
