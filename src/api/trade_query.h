// Trades of one market, newest first: the table and what the sink has not committed yet, split at
// one consistent cut, so nothing is missing and nothing comes twice.
//
// Threads: any. Invariant: the order is that of docs/tables.md (time, seq, side, price, id),
// reversed; a cursor is a place in that order, so pages neither overlap nor skip, whatever is
// committed between.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/file_index.h"
#include "bronze/sink.h"
#include "core/lru_cache.h"

namespace tradelake::api {

// Where a trade stands among those of its market.
struct TradeKey {
  std::int64_t time_us = 0;
  std::int64_t seq = 0;  // 0 if the trade has none
  bronze::Side side{};
  int128_t rank = 0;  // price for Buy, its negative for Sell
  std::string id;
  friend auto operator<=>(const TradeKey&, const TradeKey&) = default;
};

// Opaque to clients; text of A-Z and digits.
std::string encode_cursor(const TradeKey& key);
std::optional<TradeKey> decode_cursor(std::string_view text);

struct ServedTrade {
  TradeKey key;
  Decimal price, size;
  std::optional<std::int64_t> seq;
  bronze::Flag block_trade = bronze::Flag::absent, rpi = bronze::Flag::absent;
  std::string tick_direction;  // empty: none
};

struct TradeRange {
  bybit::Category category{};
  std::string symbol;
  std::int64_t from_us = INT64_MIN, to_us = INT64_MAX;  // half-open
  std::optional<TradeKey> before;  // only trades that come after it in the list
  std::size_t limit = 100;
};

struct TradePage {
  std::vector<ServedTrade> trades;  // may be fewer than the limit although there are more
  std::optional<TradeKey> next;     // nothing: there are no more
};

class TradeQuery {
 public:
  TradeQuery(const bronze::Sink& sink, iceberg::FileIo& io)
      : sink_(sink), io_(io), index_(io, "trade_time") {}
  Result<TradePage> find(const TradeRange& range);

 private:
  using Trades = std::vector<ServedTrade>;
  // One more in `reads` if the file had to be read.
  Result<std::shared_ptr<const Trades>> of_file(const iceberg::Table& table,
                                                const iceberg::ScanFile& file,
                                                const TradeRange& range, std::size_t& reads);

  const bronze::Sink& sink_;
  iceberg::FileIo& io_;
  FileIndex index_;
  LruCache<Trades> cache_{std::size_t{32} << 20};
};

}  // namespace tradelake::api
