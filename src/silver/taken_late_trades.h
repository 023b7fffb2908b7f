// Rows of silver.late_trades that go because a repair counts their trades in.
//
// Threads: one. Memory: the ids of one span, and of the rows that go. Does not: decide which trades
// are counted in, or commit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "bronze/id_window.h"
#include "core/error.h"
#include "iceberg/action.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "silver/market_filter.h"

namespace tradelake::silver {

class TakenLateTrades {
 public:
  struct Place {
    std::string_view topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t index = 0;
  };

  TakenLateTrades(iceberg::Table table, iceberg::FileIo& io) : table_(std::move(table)), io_(io) {}

  // The rows of minutes of [from_us, to_us), in place of those before. Errors: io, corrupt.
  Result<> load(std::int64_t from_us, std::int64_t to_us, MarketFilter& markets);
  bool has_any() const { return !rows_.empty(); }
  // Whether the trade of that id was late, or what was late was it again. Nothing: neither.
  enum class Kind { trade, repeat };
  std::optional<Kind> find(const bronze::IdHash& id, const Place& place) const;
  // It is counted in: all rows of that id go.
  void take(const bronze::IdHash& id, Kind kind);

  std::int64_t trades() const { return trades_; }  // late ones that are counted in
  // Without the rows that go; nullptr if none does. `io` is where files go. Errors: io, corrupt.
  Result<std::unique_ptr<iceberg::Action>> action(iceberg::FileIo& io,
                                                  const iceberg::SnapshotNote& note) const;

 private:
  using Id = std::pair<std::uint64_t, std::uint32_t>;
  struct HashOfId {
    std::size_t operator()(const Id& id) const { return id.first; }
  };
  struct Row {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t index = 0;
  };

  iceberg::Table table_;
  iceberg::FileIo& io_;
  std::unordered_multimap<Id, Row, HashOfId> rows_;  // of the span
  std::unordered_set<Id, HashOfId> taken_;
  std::int64_t trades_ = 0;
  std::int64_t from_us_ = INT64_MAX, to_us_ = INT64_MIN;  // of all spans
};

}  // namespace tradelake::silver
