#include "silver/candle_change.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "iceberg/write_rows.h"
#include "silver/candle_arrow.h"
#include "silver/rewrite.h"
#include "silver/tables.h"

namespace tradelake::silver {

std::size_t CandleChange::null_sums() const {
  const auto has_null = [](const CandleRow& row) { return !row.volume || !row.turnover; };
  return static_cast<std::size_t>(std::ranges::count_if(fresh, has_null) +
                                  std::ranges::count_if(revised, has_null, &Revised::row) +
                                  std::ranges::count_if(restored, has_null, &Revised::row));
}

Result<std::unique_ptr<iceberg::Action>> CandleChange::action(
    const iceberg::Table& table, iceberg::FileIo& io, const iceberg::SnapshotNote& note) const {
  std::vector<CandleRow> corrected, added = fresh;
  for (const auto& one : revised) corrected.push_back(one.row);
  for (const auto& one : restored) added.push_back(one.row);
  auto gone = corrected;
  for (const auto& one : removed) gone.push_back(one.row);
  TL_ASSIGN(auto rewrite, plan_rewrite(table, io, gone));
  // Rewritten rows stay apart from new ones, so that a correction never rewrites more than it must.
  TL_ASSIGN(auto files, write_candles(table, io, std::move(added)));
  TL_ASSIGN(auto rewritten, write_candles(table, io, std::move(corrected), rewrite.kept));
  std::ranges::move(rewritten, std::back_inserter(files));
  if (rewrite.removed_paths.empty()) return iceberg::append_files(std::move(files), note);
  return iceberg::overwrite_files(std::move(rewrite.removed_paths), std::move(files), note,
                                  rewrite.read_at);
}

CandleRow no_candle(CandleRow was) {
  was.volume = was.turnover = was.buy_volume = was.buy_turnover = Decimal{};
  was.trades = 0;
  return was;
}

Result<std::vector<iceberg::DataFile>> write_revisions(std::span<const CandleChange* const> changes,
                                                       const iceberg::Table& revisions,
                                                       iceberg::FileIo& io) {
  static const auto declared = candle_revisions_table().schema;
  std::vector<std::pair<const CandleChange::Revised*, std::string_view>> all;
  for (const auto* change : changes) {
    for (const auto* part : {&change->revised, &change->restored, &change->removed}) {
      for (const auto& one : *part) all.emplace_back(&one, change->interval->name);
    }
  }
  std::ranges::stable_sort(all, sorts_before,
                           [](const auto& one) -> const CandleRow& { return one.first->row; });
  std::vector<CandleRow> rows;
  std::vector<std::string_view> intervals, reasons;
  for (const auto& [one, interval] : all) {
    rows.push_back(one->row);
    intervals.push_back(interval);
    reasons.push_back(one->reason);
  }
  return iceberg::write_rows(io, *revisions.metadata, declared, to_arrow(rows, intervals, reasons),
                             candle_file_options());
}

}  // namespace tradelake::silver
