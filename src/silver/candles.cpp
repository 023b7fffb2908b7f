#include "silver/candles.h"

#include <algorithm>

#include "core/time.h"
#include "log/gap_record.h"
#include "log/topic.h"
#include "silver/candles_pipeline.h"

namespace tradelake::silver {
namespace {

// What a follower keeps while nobody commits: about 400 bytes each.
constexpr std::size_t max_candles_followed = 300'000;

}  // namespace

Result<std::unique_ptr<Candles>> Candles::open(const bronze::Lake& lake,
                                               const CandlesOptions& options, bronze::Role role) {
  auto candles = std::make_unique<CandlesPipeline>(lake, options);
  TL_TRY(candles->prepare(role));
  return candles;
}

CandlesPipeline::CandlesPipeline(const bronze::Lake& lake, const CandlesOptions& options)
    : Candles(pipeline, log::market_topics(), lake, options.limits, options.grace_us,
              Writing::in_turn),
      ids_(lake.spill_directory, options.id_memory_bytes) {}

Result<> CandlesPipeline::prepare(bronze::Role role) {
  return Pipeline::prepare(tables_.declared(), role);
}

CandlesStatus CandlesPipeline::status() const {
  const std::lock_guard lock(mutex_);
  auto status = status_;
  static_cast<bronze::CommitStatus&>(status) = commit_status_;
  status.open_candles = books_.size();
  return status;
}

iceberg::Table CandlesPipeline::head() const {
  const std::lock_guard lock(mutex_);
  return tables_.minutes();
}

Candles::LiveCandles CandlesPipeline::live(std::size_t interval, bybit::Category category,
                                           std::string_view symbol, std::int64_t from_us,
                                           std::int64_t to_us) const {
  const std::lock_guard lock(mutex_);
  LiveCandles live{tables_.minutes(),
                   tables_.candles[interval],
                   tables_.gaps,
                   {},
                   gaps_.of_market(category, symbol)};
  books_.of_market(markets_.find(category, symbol), from_us, to_us,
                   [&](std::size_t, std::int64_t open_time_us, const BookEntry& entry) {
                     auto row = to_row(category, symbol, open_time_us, entry.candle);
                     row.revision = entry.stored_revision.value_or(0);
                     live.rows.push_back(std::move(row));
                   });
  return live;
}

std::vector<Candles::Market> CandlesPipeline::markets() const {
  const std::lock_guard lock(mutex_);
  return market_list_.seen();
}

Result<> CandlesPipeline::consume(const log::Record& record, bronze::PartitionPosition& position,
                                  std::uint16_t topic) {
  if (record.headers.kind == log::RecordKind::end_marker) {
    books_.of_slot(position.slot).finalize();
    // What it finalised before is in the tables.
    if (!position.in_committed(record.offset)) rollup_.finalize(position.slot, books_);
    return {};
  }
  if (const auto gap = log::gap_of(record)) {
    if (!position.in_committed(record.offset)) gaps_.add(record, *gap);
    return {};
  }
  if (record.headers.kind == log::RecordKind::part) return {};
  live_ = record.headers.origin != log::Origin::replay;
  const auto& frame = parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
  return frame.trades.empty() ? Result<>() : take_in(frame, record, position, topic);
}

Result<> CandlesPipeline::take_in(const bronze::ParsedFrame& frame, const log::Record& record,
                                  bronze::PartitionPosition& position, std::uint16_t topic) {
  const auto category = *bybit::parse_category(record.headers.category);
  const bool rebuilding = position.in_committed(record.offset);
  hashes_.clear();
  for (const auto& trade : frame.trades) {
    hashes_.push_back(bronze::hash_id(category, trade.symbol, trade.trade_id));
    ids_.prefetch(hashes_.back());
  }
  for (std::size_t n = 0; n < frame.trades.size(); ++n) {
    const auto& trade = frame.trades[n];
    const auto market = markets_.index_of(category, trade.symbol);
    market_list_.note(markets_, market, trade);
    const std::int64_t open_time_us = floor_to(trade.trade_time_us, us_per_minute);
    // Lateness looks at earlier records only: the position does not know this frame yet.
    const bool late = position.is_closed(open_time_us, grace_us_);
    if (!rebuilding) ++counts_.in;
    if (late) {
      // In a rebuild: a candle that is closed by now, or a late trade that is in its table.
      if (rebuilding) continue;
      ++counts_.ok;
      late_.add(trade, frame, market,
                {topic, position.where.partition, record.offset, record.headers.recv_ns / 1000},
                *position.max_trade_time_us);
      continue;
    }
    TL_ASSIGN(const bool fresh, ids_.insert(hashes_[n], position.slot, trade.trade_time_us));
    if (!fresh) {
      counts_.filtered += !rebuilding;
      continue;
    }
    counts_.ok += !rebuilding;
    books_.of_trade(market, position.slot, open_time_us)
        .add(category, market, open_time_us,
             {trade.trade_time_us, trade.has_seq ? trade.seq : 0, trade.side, trade.price,
              trade.size, trade.trade_id});
  }
  for (const auto& trade : frame.trades) position.saw(record.offset, trade.trade_time_us);
  return {};
}

void CandlesPipeline::taken(const bronze::PartitionPosition& position) {
  books_.make(position.slot);
  passed_.resize(books_.slots(), INT64_MIN);
  // Every commit writes what is due.
  const auto& committed = position.committed;
  passed_[position.slot] = committed && committed->max_trade_time_us
                               ? *committed->max_trade_time_us - bronze::lateness_us
                               : INT64_MIN;
  ids_.expire(position.slot, position.closed_until_us(grace_us_));
  rebuilt_ = false;
}

void CandlesPipeline::forget() {
  books_.clear();
  rollup_.clear();
  passed_.clear();
  late_.clear();
  gaps_.clear();
  ids_.clear();
  sealed_ = {};
}

// A candle that the committing process has closed by now is in the table as it will stay.
void CandlesPipeline::drop_committed() {
  for (const auto& [where, position] : positions_) {
    const std::int64_t closed_until_us = position.closed_until_us(grace_us_);
    ids_.expire(position.slot, closed_until_us);
    books_.of_slot(position.slot)
        .drop_until(std::min(closed_until_us, position.committed_closed_until_us(grace_us_)));
  }
  status_.late_trades += static_cast<std::int64_t>(late_.rows());
  late_.clear();
  gaps_.clear();
}

bool CandlesPipeline::has_room() const {
  return books_.size() < max_candles_followed;
}

}  // namespace tradelake::silver
