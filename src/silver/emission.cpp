#include "silver/emission.h"

#include "core/time.h"

namespace tradelake::silver {

void Emission::collect(Book& book, const bronze::MarketTable& markets, std::int64_t until_us,
                       std::int64_t passed_us, std::int64_t now_us) {
  book.for_each([&](std::int64_t open_time_us, bronze::MarketIndex market, BookEntry& entry) {
    if (!Book::to_be_written(entry, open_time_us, until_us)) return;
    const auto& name = markets.name(market);
    auto row = to_row(name.category, name.symbol, open_time_us, entry.candle);
    row.updated_at_us = now_us;
    if (entry.stored_revision) row.revision = *entry.stored_revision + 1;
    written_.push_back({&book, market, open_time_us, row.revision, entry.finalized});
    if (!entry.stored_revision) {
      change_.fresh.push_back(std::move(row));
      return;
    }
    // Written early because of an end marker, and not over then: more of the same minute came.
    const bool was_open = entry.finalized && open_time_us + us_per_minute > passed_us;
    change_.revised.push_back({std::move(row), was_open ? extended : late_trade});
  });
}

void Emission::mark_stored() const {
  for (const auto& written : written_) {
    auto* entry = written.book->find(written.open_time_us, written.market);
    entry->stored_revision = written.revision;
    entry->dirty = false;
  }
}

}  // namespace tradelake::silver
