#include "api/candle_query.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <utility>

#include "silver/intervals.h"

namespace tradelake::api {
namespace {

constexpr std::ptrdiff_t most_gaps = 1'000;

}  // namespace

CandleQuery::CandleQuery(const silver::Candles& candles, iceberg::FileIo& io)
    : candles_(candles), cache_(io), gaps_(io) {
  for (std::size_t n = 0; n < silver::stored_intervals.size(); ++n)
    indexes_.emplace_back(io, "open_time");
}

// The table's rows in the range, from the newest file on, as long as one is wanted.
template <class Wanted, class Add>
Result<> CandleQuery::visit(const CandleRange& range, const iceberg::Table& head,
                            const FileIndex::Files& files, const CandlePieces& pieces,
                            const Wanted& wanted, const Add& add) {
  for (const auto& file : files) {
    if (range.from_us && file->last_us < *range.from_us) break;
    if (pieces.settled(file->last_us)) break;
    if (range.to_us && file->first_us >= *range.to_us) continue;
    if (!file->may_hold(to_string(range.category), range.symbol) || !wanted(*file)) continue;
    TL_ASSIGN(auto rows, cache_.rows(head, file->file, range.category, range.symbol));
    for (auto& row : std::views::reverse(rows)) {
      if (range.from_us && row.open_time_us < *range.from_us) break;
      if (range.to_us && row.open_time_us >= *range.to_us) continue;
      add(std::move(row));
    }
  }
  return {};
}

Result<CandleQuery::Unfilled> CandleQuery::find_unfilled(const CandleRange& asked) {
  // Whole candles only: from the first that starts in the range to the end of the last that does.
  CandleRange range = asked;
  if (range.from_us) range.from_us = range.interval.ceil(*range.from_us);
  if (range.to_us) range.to_us = range.interval.ceil(*range.to_us);
  const std::int64_t from_us = range.from_us.value_or(INT64_MIN);
  const std::int64_t to_us = range.to_us.value_or(INT64_MAX);
  const std::size_t source = range.interval.source();
  auto live = candles_.live(source, range.category, range.symbol, from_us, to_us);
  CandlePieces pieces(range.interval, range.limit);
  if (!range.lake_only) {
    for (auto& row : std::views::reverse(live.rows)) {
      if (row.open_time_us >= from_us && row.open_time_us < to_us) pieces.add_live(std::move(row));
    }
  }
  if (source > 0) {
    TL_ASSIGN(const auto files, indexes_[source].files(live.larger));
    TL_TRY(visit(
        range, live.larger, *files, pieces, [](const IndexedFile&) { return true; },
        [&](silver::CandleRow row) { pieces.add_larger(std::move(row)); }));
  }
  TL_ASSIGN(const auto files, indexes_.front().files(live.minutes));
  const auto wanted = [&](const IndexedFile& file) {
    return !pieces.covered(std::max(file.first_us, from_us), std::min(file.last_us, to_us - 1));
  };
  TL_TRY(visit(range, live.minutes, *files, pieces, wanted,
               [&](silver::CandleRow row) { pieces.add_stored(std::move(row)); }));
  const std::int64_t table_ends_us =
      files->empty() ? INT64_MIN : files->front()->last_us + us_per_minute;
  return Unfilled{pieces.merge(table_ends_us), std::move(live.gaps),
                  std::move(live.uncommitted_gaps)};
}

Result<std::vector<ServedCandle>> CandleQuery::find_candles(const CandleRange& range) {
  TL_ASSIGN(auto found, find_unfilled(range));
  if (range.fill) TL_TRY(fill(range, found.candles));
  return std::move(found.candles);
}

Result<FoundCandles> CandleQuery::find(const CandleRange& range) {
  TL_ASSIGN(auto unfilled, find_unfilled(range));
  FoundCandles found{std::move(unfilled.candles), std::move(unfilled.uncommitted_gaps)};
  auto& candles = found.candles;
  if (range.fill) TL_TRY(fill(range, candles));
  const std::int64_t to_us = range.to_us ? range.interval.ceil(*range.to_us) : INT64_MAX;
  TL_ASSIGN(const auto stored_gaps,
            gaps_.find(unfilled.gaps, range.category, range.symbol, INT64_MIN, to_us));
  found.gaps.insert(found.gaps.end(), stored_gaps.begin(), stored_gaps.end());
  mark_gaps(candles, range.interval, found.gaps);
  // Of a range beyond the limit only the newest part was looked at.
  std::int64_t from_us = range.from_us.value_or(INT64_MIN);
  if (!candles.empty() && (!range.from_us || candles.size() == range.limit))
    from_us = candles.front().row.open_time_us;
  std::erase_if(found.gaps, [&](const silver::CoverageGap& gap) {
    return gap.span.to_us <= from_us || (range.to_us && gap.span.from_us >= *range.to_us);
  });
  std::ranges::sort(found.gaps, {}, [](const silver::CoverageGap& gap) {
    return std::pair(gap.span.from_us, gap.span.to_us);
  });
  if (std::ssize(found.gaps) > most_gaps)
    found.gaps.erase(found.gaps.begin(), found.gaps.end() - most_gaps);
  return found;
}

Result<> CandleQuery::fill(const CandleRange& range, std::vector<ServedCandle>& candles) {
  if (range.from_us) {
    // What the range's first empty intervals are filled with.
    CandleRange before = range;
    before.to_us = range.interval.ceil(*range.from_us);
    before.from_us.reset();
    before.limit = 1;
    TL_ASSIGN(const auto previous, find_unfilled(before));
    candles.insert(candles.begin(), previous.candles.begin(), previous.candles.end());
  }
  candles = fill_gaps(std::move(candles), range.interval, range.to_us, range.limit);
  std::erase_if(candles, [&](const ServedCandle& candle) {
    return range.from_us && candle.row.open_time_us < *range.from_us;
  });
  return {};
}

Result<std::vector<silver::CandleRow>> CandleQuery::newest_of_markets(std::int64_t max_rows) {
  const auto head = candles_.head();
  TL_ASSIGN(const auto files, indexes_.front().files(head));
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
      to_us ? std::max(interval.ceil(std::min(*to_us, now_us())), interval.next(last))
            : interval.next(last);
  std::vector<ServedCandle> filled;  // newest first
  auto real = candles.rbegin();
  for (std::int64_t start = interval.previous(end); filled.size() < limit;
       start = interval.previous(start)) {
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

void mark_gaps(std::vector<ServedCandle>& candles, const Interval& interval,
               std::span<const silver::CoverageGap> gaps) {
  for (const auto& [span, status] : gaps) {
    const std::int64_t first_us = interval.floor(span.from_us);
    for (auto candle = std::ranges::lower_bound(
             candles, first_us, {},
             [](const ServedCandle& served) { return served.row.open_time_us; });
         candle != candles.end() && candle->row.open_time_us < span.to_us; ++candle) {
      candle->in_gap = true;
    }
  }
}

}  // namespace tradelake::api
