#include "silver/candles.h"

#include <algorithm>

#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "core/time.h"
#include "log/gap_record.h"
#include "log/topic.h"
#include "silver/books.h"
#include "silver/market_list.h"
#include "silver/sealed_commit.h"
#include "silver/stored_candles.h"
#include "silver/watermark.h"

namespace tradelake::silver {
namespace {

// What a follower keeps while nobody commits: about 400 bytes each.
constexpr std::size_t max_candles_followed = 300'000;

std::vector<std::string> market_topics() {
  std::vector<std::string> topics;
  for (const auto category : bybit::category_names) {
    topics.push_back(log::topic_name(category, log::trade_stream));
  }
  return topics;
}

class CandlesImpl : public Candles {
 public:
  CandlesImpl(const bronze::Lake& lake, const CandlesOptions& options)
      : Candles(pipeline, market_topics(), lake, options.limits, options.grace_us,
                Writing::in_turn),
        ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare(bronze::Role role) {
    // Who follows answers from the minutes alone.
    return Pipeline::prepare(tables_.declared(role == bronze::Role::member), role);
  }

  CandlesStatus status() const override {
    const std::lock_guard lock(mutex_);
    auto status = status_;
    static_cast<bronze::CommitStatus&>(status) = commit_status_;
    status.open_candles = books_.size();
    return status;
  }

  iceberg::Table head() const override {
    const std::lock_guard lock(mutex_);
    return tables_.minutes();
  }

  LiveCandles live(bybit::Category category, std::string_view symbol, std::int64_t from_us,
                   std::int64_t to_us) const override {
    const std::lock_guard lock(mutex_);
    LiveCandles live{tables_.minutes(), {}};
    books_.of_market(markets_.find(category, symbol), from_us, to_us,
                     [&](std::size_t, std::int64_t open_time_us, const BookEntry& entry) {
                       auto row = to_row(category, symbol, open_time_us, entry.candle);
                       row.revision = entry.stored_revision.value_or(0);
                       live.rows.push_back(std::move(row));
                     });
    return live;
  }

  std::vector<Market> markets() const override {
    const std::lock_guard lock(mutex_);
    return market_list_.seen();
  }

 private:
  Result<> consume(const log::Record& record, bronze::PartitionPosition& position,
                   std::uint16_t topic) override {
    if (record.headers.kind == log::RecordKind::end_marker) {
      books_.of_slot(position.slot).finalize();
      // What it finalised before is in the tables.
      if (!position.in_committed(record.offset)) rollup_.finalize(position.slot, books_);
    }
    if (const auto gap = log::gap_of(record)) {
      if (!position.in_committed(record.offset)) gaps_.add(record, *gap);
      return {};
    }
    if (record.headers.kind == log::RecordKind::part ||
        record.headers.kind == log::RecordKind::end_marker)
      return {};
    live_ = record.headers.origin != log::Origin::replay;
    const auto& frame =
        parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
    if (frame.trades.empty()) return {};
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

  void taken(const bronze::PartitionPosition& position) override {
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

  void forget() override {
    books_.clear();
    rollup_.clear();
    passed_.clear();
    late_.clear();
    gaps_.clear();
    ids_.clear();
    sealed_ = {};
  }

  // Trades at replay-from and later are in the books: brought together with what the tables have,
  // once, before the first commit.
  Result<bool> rebuilt() {
    if (rebuilt_) return true;
    for (const auto& [where, position] : positions_) {
      if (position.committed && position.next_offset < position.committed->next_offset)
        return false;
    }
    StoredCandles stored(lake_.io, positions_, grace_us_, markets_, books_, mutex_);
    Rollup::Empty empty{};
    for (std::size_t n = 0; n < larger_count; ++n)
      empty[n] = tables_.candles[n + 1].metadata->current_snapshot() == nullptr;
    rollup_.begin_loading(empty);
    TL_TRY(stored.visit_minutes(tables_.minutes(), [&](bronze::MarketIndex market, CandleRow row,
                                                       std::int64_t closed_until_us) {
      auto* entry = books_.find(market, row.open_time_us);
      if (entry == nullptr) return rollup_.add_final(market, row, closed_until_us);
      entry->stored_revision = row.revision;
      entry->dirty =
          !to_row(row.category, row.symbol, row.open_time_us, entry->candle).same_candle(row);
      rollup_.add_in_book(market, row.open_time_us, entry->finalized, closed_until_us);
    }));
    for (std::size_t n = 0; n < larger_count; ++n) {
      TL_TRY(stored.visit_larger(tables_.candles[n + 1], larger_intervals[n],
                                 [&](bronze::MarketIndex market, CandleRow row, std::int64_t) {
                                   rollup_.add_stored(n, market, std::move(row));
                                 }));
    }
    rollup_.end_loading(books_);
    rebuilt_ = true;
    return true;
  }

  std::vector<std::int64_t> current_watermarks() {
    const std::int64_t now = now_us();
    std::vector<PartitionClock> clocks(books_.slots());
    for (auto& [where, position] : positions_) {
      if (position.last_record_us == 0) position.last_record_us = now;
      clocks[position.slot] = {position.max_trade_time_us,
                               now - position.last_record_us >= idle_after_us};
    }
    return watermarks(clocks, live_, now);
  }

  // A candle that the committing process has closed by now is in the table as it will stay.
  void drop_committed() override {
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

  bool has_room() const override { return books_.size() < max_candles_followed; }

  std::size_t pending_rows() const override { return late_.rows() + gaps_.rows(); }

  bool due() override {
    if (has_uncommitted()) return interval_is_over() || pending_rows() >= limits_.max_rows;
    // Nothing new: candles may still become due by the clock.
    const std::int64_t now = now_us();
    if (now - last_look_us_ < us_per_second) return false;
    last_look_us_ = now;
    if (!rebuilt_) return true;
    auto until = current_watermarks();
    if (rollup_.has_any_to_write(books_, until)) return true;
    for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
      if (books_.of_slot(slot).has_any_to_write(until[slot])) return true;
    }
    passed_ = std::move(until);
    return false;
  }

  // Only looked at: nothing is consumed until write() is done.
  Result<bool> seal() override {
    TL_ASSIGN(const bool ready, rebuilt());
    if (!ready) return false;
    sealed_ = {};
    sealed_.at_us = now_us();
    sealed_.watermarks = {current_watermarks(), passed_};
    for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
      sealed_.minutes.collect(books_.of_slot(slot), markets_, sealed_.watermarks.until[slot],
                              passed_[slot], sealed_.at_us);
    }
    sealed_.larger =
        rollup_.collect(sealed_.minutes, books_, markets_, sealed_.watermarks, sealed_.at_us);
    // Rows that are written without new offsets are fenced by the offsets they stand on.
    sealed_.updates = positions_.updates(grace_us_, sealed_.has_candles() || late_.rows() > 0);
    if (sealed_.updates.empty()) {
      rollup_.mark_unchanged();
      passed_ = std::move(sealed_.watermarks.until);
      nothing_to_commit();
      return false;
    }
    sealed_.commit_id = bronze::new_commit_id();
    const std::lock_guard lock(mutex_);
    begin_batch();
    return true;
  }

  Result<> write() override {
    check_conservation();
    auto note = bronze::commit_note(name_, sealed_.commit_id, positions_, sealed_.updates);
    bronze::add_counts(note, sealed_counts_);
    auto tables = tables_;  // readers see the old heads until all is done
    TL_TRY(silver::write(sealed_, {late_, gaps_, markets_.names(), topics_}, name_, note, lake_,
                         tables));
    finish(std::move(tables));
    return {};
  }

  void finish(SilverTables tables) {
    const std::lock_guard lock(mutex_);
    tables_ = std::move(tables);
    sealed_.minutes.mark_stored();
    rollup_.mark_stored(sealed_.larger, sealed_.minutes, markets_);
    committed(sealed_.updates, sealed_.at_us);
    drop_closed();
    const auto& minutes = sealed_.minutes.change();
    status_.null_sums += static_cast<std::int64_t>(sealed_.null_sums());
    status_.candles_written += static_cast<std::int64_t>(minutes.fresh.size());
    status_.candles_revised += static_cast<std::int64_t>(minutes.revised.size());
    status_.late_trades += static_cast<std::int64_t>(late_.rows());
    late_.clear();
    gaps_.clear();
    passed_ = std::move(sealed_.watermarks.until);
    sealed_ = {};
  }

  // What is out of grace stays as it is in the tables; larger candles keep what they need of it.
  void drop_closed() {
    std::vector<std::int64_t> closed_until_us(books_.slots(), INT64_MIN);
    for (const auto& [where, position] : positions_) {
      closed_until_us[position.slot] = position.closed_until_us(grace_us_);
      ids_.expire(position.slot, closed_until_us[position.slot]);
    }
    for (std::size_t slot = 0; slot < books_.slots(); ++slot) {
      books_.of_slot(slot).drop_until(closed_until_us[slot], [&](std::int64_t open_time_us,
                                                                 bronze::MarketIndex market,
                                                                 const BookEntry& entry) {
        const auto& name = markets_.name(market);
        rollup_.add_final(market, to_row(name.category, name.symbol, open_time_us, entry.candle),
                          closed_until_us[*books_.home(market)]);
      });
    }
    rollup_.forget_until(closed_until_us, books_);
  }

  bool live_ = false;  // the last frame came from an exchange: the clock may close candles
  bronze::FrameParser parser_;
  bronze::IdWindow ids_;
  std::vector<bronze::IdHash> hashes_;  // of the frame's trades
  LateTrades late_;
  CoverageGaps gaps_;
  Rollup rollup_;
  std::vector<std::int64_t> passed_;  // by slot: the watermarks at the last look
  SealedCommit sealed_;               // the commit under way
  std::int64_t last_look_us_ = 0;
  bool rebuilt_ = false;

  // Under mutex_, as in the base:
  SilverTables tables_;
  Books books_;
  bronze::MarketTable markets_;
  MarketList market_list_;
  CandlesStatus status_;  // without the part that the base keeps
};

}  // namespace

Result<std::unique_ptr<Candles>> Candles::open(const bronze::Lake& lake,
                                               const CandlesOptions& options, bronze::Role role) {
  auto candles = std::make_unique<CandlesImpl>(lake, options);
  TL_TRY(candles->prepare(role));
  return candles;
}

}  // namespace tradelake::silver
