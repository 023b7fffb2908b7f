#include "silver/bronze_minutes.h"

#include "core/time.h"

namespace tradelake::silver {

Result<Book> BronzeMinutes::make(std::int64_t from_us, std::int64_t to_us, TakenLateTrades& late) {
  Book book;
  TL_TRY(visit_bronze_trades(trades_, io_, from_us, to_us, TradeFlags::left_out,
                             [&](const BronzeTrade& one) { add(one, late, book); }));
  return book;
}

void BronzeMinutes::add(const BronzeTrade& one, TakenLateTrades& late, Book& book) {
  const auto& [category, symbol, trade, place, block, rpi] = one;
  if (!filter_.takes(category, symbol)) return;
  if (!reach_.consumed(place.topic, place.partition, place.offset)) return;
  const std::int64_t minute_us = floor_to(trade.trade_time_us, us_per_minute);
  if (late.has_any()) {
    const auto id = bronze::hash_id(category, symbol, trade.trade_id);
    if (const auto kind = late.find(id, place)) {
      // Of a market whose trades come in several partitions, one may be late in its own while the
      // minute is still in a book of another: the next start would take it out again.
      if (*kind == TakenLateTrades::Kind::trade && !reach_.is_closed(category, symbol, minute_us))
        return;
      late.take(id, *kind);
    }
  }
  book.add(category, markets_.index_of(category, symbol), minute_us, trade);
}

}  // namespace tradelake::silver
