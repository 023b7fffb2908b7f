#include "api/candle_query.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

namespace tradelake::api {

// The 1m rows found so far, of the newest `limit` intervals.
class CandleQuery::Minutes {
 public:
  Minutes(const Interval& interval, std::size_t limit) : interval_(interval), limit_(limit) {}

  void add(silver::CandleRow row, bool stored) {
    const std::int64_t start = interval_.floor(row.open_time_us);
    if (full() && start < *starts_.begin()) return;
    starts_.insert(start);
    const auto [at, fresh] = minutes_.try_emplace(row.open_time_us);
    auto& minute = at->second;
    minute.stored |= stored;
    const auto revision = std::max(row.revision, minute.row.revision);
    // The book was there first and knows at least as much, unless it was rebuilt in part.
    if (fresh || row.trades > minute.row.trades) minute.row = std::move(row);
    minute.row.revision = revision;
    if (starts_.size() > limit_) {
      starts_.erase(starts_.begin());
      minutes_.erase(minutes_.begin(), minutes_.lower_bound(*starts_.begin()));
    }
  }

  // Rows up to this time cannot change the answer any more.
  bool settled(std::int64_t last_us) const {
    return full() && *starts_.begin() > interval_.floor(last_us);
  }

  std::vector<ServedCandle> merge(std::int64_t table_ends_us) const {
    std::vector<silver::CandleRow> rows;
    std::set<std::int64_t> open;
    for (const auto& [open_time_us, minute] : minutes_) {
      rows.push_back(minute.row);
      if (!minute.stored) open.insert(interval_.floor(open_time_us));
    }
    std::vector<ServedCandle> candles;
    for (auto& row : silver::merge_rows(rows, interval_.step_us, interval_.origin_us)) {
      const std::int64_t start = row.open_time_us;
      const bool closed = !open.contains(start) && start + interval_.step_us <= table_ends_us;
      candles.push_back({std::move(row), closed, false});
    }
    return candles;
  }

 private:
  bool full() const { return starts_.size() >= limit_; }

  Interval interval_;
  std::size_t limit_;
  std::map<std::int64_t, Minute> minutes_;
  std::set<std::int64_t> starts_;
};

Result<> CandleQuery::add_stored(const CandleRange& range, const iceberg::Table& head,
                                 const FileIndex::Files& files, Minutes& minutes) {
  for (const auto& file : files) {
    if (range.from_us && file->last_us < *range.from_us) break;
    if (minutes.settled(file->last_us)) break;
    if (range.to_us && file->first_us >= *range.to_us) continue;
    if (!file->may_hold(to_string(range.category), range.symbol)) continue;
    TL_ASSIGN(auto rows, cache_.rows(head, file->file, range.category, range.symbol));
    for (auto& row : std::views::reverse(rows)) {
      if (range.from_us && row.open_time_us < *range.from_us) break;
      if (range.to_us && row.open_time_us >= *range.to_us) continue;
      minutes.add(std::move(row), true);
    }
  }
  return {};
}

Result<std::vector<ServedCandle>> CandleQuery::find_unfilled(const CandleRange& asked) {
  // Whole candles only: from the first that starts in the range to the end of the last that does.
  CandleRange range = asked;
  if (range.from_us) range.from_us = range.interval.ceil(*range.from_us);
  if (range.to_us) range.to_us = range.interval.ceil(*range.to_us);
  auto live = candles_.live(range.category, range.symbol, range.from_us.value_or(INT64_MIN),
                            range.to_us.value_or(INT64_MAX));
  TL_ASSIGN(const auto files, index_.files(live.head));
  Minutes minutes(range.interval, range.limit);
  if (!range.lake_only) {
    for (auto& row : std::views::reverse(live.rows)) {
      if (range.from_us && row.open_time_us < *range.from_us) continue;
      if (range.to_us && row.open_time_us >= *range.to_us) continue;
      minutes.add(std::move(row), false);
    }
  }
  TL_TRY(add_stored(range, live.head, *files, minutes));
  const std::int64_t table_ends_us =
      files->empty() ? INT64_MIN : files->front()->last_us + us_per_minute;
  return minutes.merge(table_ends_us);
}

Result<std::vector<ServedCandle>> CandleQuery::find(const CandleRange& range) {
  TL_ASSIGN(auto candles, find_unfilled(range));
  if (!range.fill) return candles;
  if (range.from_us) {
    // What the range's first empty intervals are filled with.
    CandleRange before = range;
    before.to_us = range.interval.ceil(*range.from_us);
    before.from_us.reset();
    before.limit = 1;
    TL_ASSIGN(auto previous, find_unfilled(before));
    candles.insert(candles.begin(), previous.begin(), previous.end());
  }
  candles = fill_gaps(std::move(candles), range.interval, range.to_us, range.limit);
  std::erase_if(candles, [&](const ServedCandle& candle) {
    return range.from_us && candle.row.open_time_us < *range.from_us;
  });
  return candles;
}

Result<std::vector<silver::CandleRow>> CandleQuery::newest_of_markets(std::int64_t max_rows) {
  const auto head = candles_.head();
  TL_ASSIGN(const auto files, index_.files(head));
  std::map<std::pair<bybit::Category, std::string>, silver::CandleRow> newest;
  std::int64_t read = 0;
  for (const auto& file : *files) {
    if (read > 0 && read + file->file.file.record_count > max_rows) break;
    read += file->file.file.record_count;
    TL_ASSIGN(auto rows, cache_.newest_rows(head, file->file));
    for (auto& row : rows) {
      auto& known = newest[{row.category, row.symbol}];
      if (known.symbol.empty() || known.open_time_us < row.open_time_us) known = std::move(row);
    }
  }
  std::vector<silver::CandleRow> rows;
  for (auto& [market, row] : newest) rows.push_back(std::move(row));
  return rows;
}

std::vector<ServedCandle> fill_gaps(std::vector<ServedCandle> candles, const Interval& interval,
                                    std::optional<std::int64_t> to_us, std::size_t limit) {
  if (candles.empty()) return candles;
  const std::int64_t last = candles.back().row.open_time_us;
  const std::int64_t end =
      to_us ? std::max(interval.ceil(std::min(*to_us, now_us())), last + interval.step_us)
            : last + interval.step_us;
  std::vector<ServedCandle> filled;  // newest first
  auto real = candles.rbegin();
  for (std::int64_t start = end - interval.step_us; filled.size() < limit;
       start -= interval.step_us) {
    while (real != candles.rend() && real->row.open_time_us > start) ++real;
    if (real == candles.rend()) break;
    if (real->row.open_time_us == start) {
      filled.push_back(std::move(*real));
      continue;
    }
    ServedCandle flat;
    flat.row.category = real->row.category;
    flat.row.symbol = real->row.symbol;
    flat.row.open_time_us = start;
    flat.row.open = flat.row.high = flat.row.low = flat.row.close = real->row.close;
    flat.row.volume = flat.row.turnover = flat.row.buy_volume = flat.row.buy_turnover = Decimal{};
    flat.closed = real->closed;
    flat.filled = true;
    filled.push_back(std::move(flat));
  }
  std::ranges::reverse(filled);
  return filled;
}

}  // namespace tradelake::api
