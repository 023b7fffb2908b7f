#include "silver/books.h"

#include "core/time.h"

namespace tradelake::silver {

void Books::make(std::size_t slot) {
  if (slot >= books_.size()) books_.resize(slot + 1);
}

void Books::clear() {
  books_.clear();
  places_.clear();
}

Books::Place& Books::place(bronze::MarketIndex market) {
  if (market >= places_.size()) places_.resize(market + 1);
  return places_[market];
}

Book& Books::of_trade(bronze::MarketIndex market, std::size_t slot, std::int64_t open_time_us) {
  auto& known = place(market);
  if (!known.home) known.home = slot;
  auto& at_home = books_[*known.home];
  if (!at_home.has_dropped(open_time_us)) return at_home;
  known.strayed |= slot != *known.home;
  return books_[slot];
}

std::optional<std::size_t> Books::home(bronze::MarketIndex market) const {
  return market < places_.size() ? places_[market].home : std::nullopt;
}

void Books::settle(bronze::MarketIndex market, std::size_t slot) {
  auto& known = place(market);
  if (!known.home) known.home = slot;
}

void Books::of_market(bronze::MarketIndex market, std::int64_t from_us, std::int64_t to_us,
                      const Visit& visit) const {
  const auto at_home = home(market);
  if (!at_home) return;
  for (std::size_t slot = 0; slot < books_.size(); ++slot) {
    if (slot != *at_home && !places_[market].strayed) continue;
    books_[slot].of_market(market, from_us, to_us,
                           [&](std::int64_t open_time_us, const BookEntry& entry) {
                             visit(slot, open_time_us, entry);
                           });
  }
}

BookEntry* Books::find(bronze::MarketIndex market, std::int64_t open_time_us) {
  const auto at_home = home(market);
  if (!at_home) return nullptr;
  if (auto* entry = books_[*at_home].find(open_time_us, market)) return entry;
  if (!places_[market].strayed) return nullptr;
  for (auto& book : books_) {
    if (auto* entry = book.find(open_time_us, market)) return entry;
  }
  return nullptr;
}

std::size_t Books::size() const {
  std::size_t count = 0;
  for (const auto& book : books_) count += book.size();
  return count;
}

}  // namespace tradelake::silver
