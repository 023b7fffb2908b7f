#include "silver/emission.h"

#include <algorithm>

#include "core/time.h"
#include "silver/rewrite.h"

namespace tradelake::silver {
namespace {

const std::string interval_1m = "1m";
const std::string late_trade = "late_trade";
const std::string extended = "extended";

}  // namespace

void Emission::collect(Book& book, const bronze::MarketTable& markets, std::int64_t until_us,
                       std::int64_t now_us) {
  book.for_each([&](std::int64_t open_time_us, bronze::MarketIndex market, BookEntry& entry) {
    if (!Book::to_be_written(entry, open_time_us, until_us)) return;
    const auto& name = markets.name(market);
    auto row = to_row(name.category, name.symbol, open_time_us, entry.candle);
    row.updated_at_us = now_us;
    if (!entry.stored_revision) {
      fresh_.push_back({&book, market, std::move(row)});
      return;
    }
    row.revision = *entry.stored_revision + 1;
    // Written early because of an end marker, and not over yet: more of the same minute came.
    const bool is_extended = entry.finalized && open_time_us + us_per_minute > until_us;
    (is_extended ? extended_reason_ : late_reason_).push_back(row);
    revised_.push_back({&book, market, std::move(row)});
  });
}

std::size_t Emission::null_sums() const {
  std::size_t count = 0;
  for (const auto* pending : {&fresh_, &revised_}) {
    count += static_cast<std::size_t>(std::ranges::count_if(
        *pending, [](const Pending& p) { return !p.row.volume || !p.row.turnover; }));
  }
  return count;
}

Result<std::unique_ptr<iceberg::Action>> Emission::candle_action(
    const iceberg::Table& candles, iceberg::FileIo& io, const iceberg::SnapshotNote& note) const {
  std::vector<CandleRow> fresh, revised;
  for (const auto& pending : fresh_) fresh.push_back(pending.row);
  for (const auto& pending : revised_) revised.push_back(pending.row);
  TL_ASSIGN(auto rewrite, plan_rewrite(candles, io, revised));
  // Rewritten rows stay apart from new ones, so that a correction never rewrites more than it must.
  std::ranges::move(revised, std::back_inserter(rewrite.kept));
  TL_ASSIGN(auto files, write_candles(candles, io, std::move(fresh)));
  TL_ASSIGN(auto rewritten, write_candles(candles, io, std::move(rewrite.kept)));
  std::ranges::move(rewritten, std::back_inserter(files));
  if (rewrite.removed_paths.empty()) return iceberg::append_files(std::move(files), note);
  return iceberg::overwrite_files(std::move(rewrite.removed_paths), std::move(files), note,
                                  rewrite.read_at);
}

Result<std::vector<iceberg::DataFile>> Emission::revision_files(const iceberg::Table& revisions,
                                                                iceberg::FileIo& io) const {
  TL_ASSIGN(auto files, write_candles(revisions, io, late_reason_, &interval_1m, &late_trade));
  TL_ASSIGN(auto more, write_candles(revisions, io, extended_reason_, &interval_1m, &extended));
  std::ranges::move(more, std::back_inserter(files));
  return files;
}

void Emission::mark_stored() const {
  for (const auto* pending : {&fresh_, &revised_}) {
    for (const auto& [book, market, row] : *pending) {
      auto* entry = book->find(row.open_time_us, market);
      entry->stored_revision = row.revision;
      entry->dirty = false;
    }
  }
}

}  // namespace tradelake::silver
