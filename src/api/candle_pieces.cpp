#include "api/candle_pieces.h"

#include <algorithm>

#include "silver/intervals.h"

namespace tradelake::api {

CandlePieces::CandlePieces(Interval interval, std::size_t limit)
    : interval_(std::move(interval)),
      larger_us_(silver::stored_intervals[interval_.source()].step_us),
      limit_(limit) {}

// False: it is of an older candle than those that are kept.
bool CandlePieces::take_in(std::int64_t open_time_us) {
  const std::int64_t start_us = interval_.floor(open_time_us);
  if (full() && start_us < *starts_.begin()) return false;
  starts_.insert(start_us);
  if (starts_.size() > limit_) {
    starts_.erase(starts_.begin());
    minutes_.erase(minutes_.begin(), minutes_.lower_bound(*starts_.begin()));
    larger_.erase(larger_.begin(), larger_.lower_bound(*starts_.begin()));
  }
  return true;
}

void CandlePieces::add_minute(silver::CandleRow row, bool stored) {
  if (has_all(row.open_time_us) || !take_in(row.open_time_us)) return;
  const auto [at, fresh] = minutes_.try_emplace(row.open_time_us);
  auto& minute = at->second;
  minute.stored |= stored;
  const auto revision = std::max(row.revision, minute.row.revision);
  // The book was there first and knows at least as much, unless it was rebuilt in part.
  if (fresh || row.trades > minute.row.trades) minute.row = std::move(row);
  minute.row.revision = revision;
}

void CandlePieces::add_larger(silver::CandleRow row) {
  const std::int64_t open_time_us = row.open_time_us;
  if (!take_in(open_time_us)) return;
  const auto minute = minutes_.lower_bound(open_time_us);
  const bool in_book = minute != minutes_.end() && minute->first < open_time_us + larger_us_;
  larger_.insert_or_assign(open_time_us, Larger{std::move(row), in_book});
}

bool CandlePieces::has_all(std::int64_t open_time_us) const {
  const auto larger = larger_.find(floor_to(open_time_us, larger_us_));
  return larger != larger_.end() && !larger->second.in_book;
}

bool CandlePieces::settled(std::int64_t last_us) const {
  return full() && *starts_.begin() > interval_.floor(last_us);
}

bool CandlePieces::covered(std::int64_t first_us, std::int64_t last_us) const {
  if (full()) first_us = std::max(first_us, *starts_.begin());
  if (larger_.empty() || first_us < larger_.begin()->first) return false;
  for (std::int64_t at = floor_to(first_us, larger_us_); at <= last_us; at += larger_us_) {
    if (!has_all(at)) return false;
  }
  return true;
}

std::vector<ServedCandle> CandlePieces::merge(std::int64_t table_ends_us) const {
  std::vector<silver::CandleRow> rows;
  std::set<std::int64_t> open;
  auto minute = minutes_.begin();
  const auto add_until = [&](std::int64_t end_us) {
    for (; minute != minutes_.end() && minute->first < end_us; ++minute) {
      rows.push_back(minute->second.row);
      if (!minute->second.stored) open.insert(interval_.floor(minute->first));
    }
  };
  for (const auto& [open_time_us, larger] : larger_) {
    add_until(open_time_us);
    const auto before = rows.size();
    const auto after = minutes_.lower_bound(open_time_us + larger_us_);
    std::int64_t trades = 0;
    for (auto at = minute; at != after; ++at) trades += at->second.row.trades;
    if (trades < larger.row.trades) {
      minute = after;
      rows.push_back(larger.row);
      continue;
    }
    add_until(open_time_us + larger_us_);
    rows[before].revision = std::max(rows[before].revision, larger.row.revision);
  }
  add_until(INT64_MAX);
  std::vector<ServedCandle> candles;
  const auto start_of = [&](std::int64_t time_us) { return interval_.floor(time_us); };
  for (auto& row : silver::merge_rows(rows, start_of)) {
    const std::int64_t start_us = row.open_time_us;
    const bool closed = !open.contains(start_us) && interval_.next(start_us) <= table_ends_us;
    candles.push_back({std::move(row), closed, false});
  }
  return candles;
}

}  // namespace tradelake::api
