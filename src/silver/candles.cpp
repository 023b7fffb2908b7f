#include "silver/candles.h"

#include <algorithm>

#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/scan.h"
#include "iceberg/transaction.h"
#include "log/gap_record.h"
#include "log/topic.h"
#include "silver/coverage_gaps.h"
#include "silver/emission.h"
#include "silver/late_trades.h"
#include "silver/tables.h"
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
    return Pipeline::prepare({{&candles_, candles_1m_table()},
                              {&revisions_, candle_revisions_table()},
                              {&late_trades_table_, late_trades_table()},
                              {&gaps_table_, coverage_gaps_table()}},
                             role);
  }

  CandlesStatus status() const override {
    const std::lock_guard lock(mutex_);
    auto status = status_;
    static_cast<bronze::CommitStatus&>(status) = commit_status_;
    for (const auto& book : books_) status.open_candles += book.size();
    return status;
  }

  iceberg::Table head() const override {
    const std::lock_guard lock(mutex_);
    return candles_;
  }

  LiveCandles live(bybit::Category category, std::string_view symbol, std::int64_t from_us,
                   std::int64_t to_us) const override {
    const std::lock_guard lock(mutex_);
    LiveCandles live{candles_, {}};
    const auto market = markets_.find(category, symbol);
    if (market == markets_.size()) return live;
    for (const auto& book : books_) {
      book.of_market(market, from_us, to_us,
                     [&](std::int64_t open_time_us, const BookEntry& entry) {
                       auto row = to_row(category, symbol, open_time_us, entry.candle);
                       row.revision = entry.stored_revision.value_or(0);
                       live.rows.push_back(std::move(row));
                     });
    }
    return live;
  }

  std::vector<Market> markets() const override {
    const std::lock_guard lock(mutex_);
    return market_list_;
  }

 private:
  Result<> consume(const log::Record& record, bronze::PartitionPosition& position,
                   std::uint16_t topic) override {
    if (record.headers.kind == log::RecordKind::end_marker) books_[position.slot].finalize();
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
      note_market(market, trade);
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
      book_of(market, position.slot, open_time_us)
          .add(category, market, open_time_us,
               {trade.trade_time_us, trade.has_seq ? trade.seq : 0, trade.side, trade.price,
                trade.size, trade.trade_id});
    }
    for (const auto& trade : frame.trades) position.saw(record.offset, trade.trade_time_us);
    return {};
  }

  void taken(const bronze::PartitionPosition& position) override {
    if (position.slot >= books_.size()) books_.resize(position.slot + 1);
    ids_.expire(position.slot, position.closed_until_us(grace_us_));
    rebuilt_ = false;
  }

  void forget() override {
    books_.clear();
    home_.clear();
    late_.clear();
    gaps_.clear();
    ids_.clear();
    sealed_ = {};
  }

  // A market's candles are in the book of the partition it was first seen in, even if some of its
  // trades come under another symbol's topic and so in another partition: one row for a minute.
  // Only what that partition has closed by now goes to the book of the trade's own.
  Book& book_of(bronze::MarketIndex market, std::size_t slot, std::int64_t open_time_us) {
    if (market >= home_.size()) home_.resize(market + 1, bronze::IdWindow::max_slots);
    auto& home = home_[market];
    if (home == bronze::IdWindow::max_slots) home = slot;
    return books_[books_[home].has_dropped(open_time_us) ? slot : home];
  }

  void note_market(bronze::MarketIndex market, const bronze::Trade& trade) {
    if (market >= market_list_.size()) {
      market_list_.push_back(
          {markets_.name(market).category, markets_.name(market).symbol, 0, 0, {}});
    }
    auto& noted = market_list_[market];
    ++noted.trades;
    if (trade.trade_time_us >= noted.last_trade_us) {
      noted.last_trade_us = trade.trade_time_us;
      noted.last_price = trade.price;
    }
  }

  // Trades at replay-from and later are in the book: compare with the table, once, before the first
  // commit.
  Result<bool> rebuilt() {
    if (rebuilt_) return true;
    std::int64_t from_us = INT64_MAX;
    for (const auto& [where, position] : positions_) {
      if (position.committed && position.next_offset < position.committed->next_offset)
        return false;
      from_us = std::min(from_us, books_[position.slot].first_open_time_us().value_or(INT64_MAX));
    }
    if (from_us != INT64_MAX && candles_.metadata->current_snapshot() != nullptr) {
      const iceberg::Filter filter{
          {"open_time", iceberg::Comparison::greater_equal, {iceberg::Value{from_us}}}};
      const auto metadata = iceberg::as_declared(candles_.metadata, candles_1m_table().schema);
      TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, lake_.io, filter));
      for (const auto& file : files) {
        TL_ASSIGN(const auto rows, read_candles(candles_, lake_.io, file, filter));
        for (const auto& row : rows) {
          const std::lock_guard lock(mutex_);
          take_stored(row);
        }
      }
    }
    rebuilt_ = true;
    return true;
  }

  void take_stored(const CandleRow& row) {
    const auto market = markets_.find(row.category, row.symbol);
    if (market == markets_.size()) return;
    for (auto& book : books_) {
      auto* entry = book.find(row.open_time_us, market);
      if (entry == nullptr) continue;
      entry->stored_revision = row.revision;
      entry->dirty =
          !to_row(row.category, row.symbol, row.open_time_us, entry->candle).same_candle(row);
    }
  }

  std::vector<std::int64_t> current_watermarks() {
    const std::int64_t now = now_us();
    std::vector<PartitionClock> clocks(books_.size());
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
      books_[position.slot].drop_until(
          std::min(closed_until_us, position.committed_closed_until_us(grace_us_)));
    }
    status_.late_trades += static_cast<std::int64_t>(late_.rows());
    late_.clear();
    gaps_.clear();
  }

  bool has_room() const override {
    std::size_t open = 0;
    for (const auto& book : books_) open += book.size();
    return open < max_candles_followed;
  }

  std::size_t pending_rows() const override { return late_.rows() + gaps_.rows(); }

  bool due() override {
    if (has_uncommitted()) return interval_is_over() || pending_rows() >= limits_.max_rows;
    // Nothing new: candles may still become due by the clock.
    const std::int64_t now = now_us();
    if (now - last_look_us_ < us_per_second) return false;
    last_look_us_ = now;
    const auto until = current_watermarks();
    for (std::size_t slot = 0; slot < books_.size(); ++slot) {
      if (books_[slot].has_any_to_write(until[slot])) return true;
    }
    return false;
  }

  // Only looked at: nothing is consumed until write() is done.
  Result<bool> seal() override {
    TL_ASSIGN(const bool ready, rebuilt());
    if (!ready) return false;
    sealed_ = {};
    sealed_.at_us = now_us();
    const auto until = current_watermarks();
    for (std::size_t slot = 0; slot < books_.size(); ++slot) {
      sealed_.emission.collect(books_[slot], markets_, until[slot], sealed_.at_us);
    }
    // Rows that are written without new offsets are fenced by the offsets they stand on.
    sealed_.updates = positions_.updates(grace_us_, !sealed_.emission.empty() || late_.rows() > 0);
    if (sealed_.updates.empty()) {
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
    const auto& emission = sealed_.emission;
    auto note = bronze::commit_note(name_, sealed_.commit_id, positions_, sealed_.updates);
    bronze::add_counts(note, sealed_counts_);
    auto candles = candles_;  // readers see the old head until all is done
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    if (!emission.empty()) {
      TL_ASSIGN(auto action, emission.candle_action(candles_, transaction.new_files(), note));
      transaction.add(candles, std::move(action));
    }
    if (emission.revised() > 0) {
      TL_ASSIGN(auto files, emission.revision_files(revisions_, transaction.new_files()));
      transaction.add(revisions_, iceberg::append_files(std::move(files), note));
    }
    if (late_.rows() > 0) {
      TL_ASSIGN(auto files, late_.write_files(transaction.new_files(), late_trades_table_,
                                              markets_.names(), topics_));
      transaction.add(late_trades_table_, iceberg::append_files(std::move(files), note));
    }
    if (gaps_.rows() > 0) {
      TL_ASSIGN(auto files, gaps_.write_files(transaction.new_files(), gaps_table_));
      transaction.add(gaps_table_, iceberg::append_files(std::move(files), note));
    }
    transaction.set_progress(name_, sealed_.commit_id, sealed_.updates);
    TL_TRY(transaction.commit());
    finish(std::move(candles));
    return {};
  }

  void finish(iceberg::Table candles) {
    const std::lock_guard lock(mutex_);
    const auto& emission = sealed_.emission;
    candles_ = std::move(candles);
    emission.mark_stored();
    committed(sealed_.updates, sealed_.at_us);
    for (const auto& [where, position] : positions_) {
      const std::int64_t closed_until_us = position.closed_until_us(grace_us_);
      ids_.expire(position.slot, closed_until_us);
      books_[position.slot].drop_until(closed_until_us);
    }
    status_.null_sums += static_cast<std::int64_t>(emission.null_sums());
    status_.candles_written += static_cast<std::int64_t>(emission.fresh());
    status_.candles_revised += static_cast<std::int64_t>(emission.revised());
    status_.late_trades += static_cast<std::int64_t>(late_.rows());
    late_.clear();
    gaps_.clear();
    sealed_ = {};
  }

  // What the commit under way writes.
  struct Sealed {
    Emission emission;
    std::string commit_id;
    std::vector<iceberg::ProgressUpdate> updates;
    std::int64_t at_us = 0;
  };

  bool live_ = false;  // the last frame came from an exchange: the clock may close candles
  bronze::FrameParser parser_;
  bronze::IdWindow ids_;
  std::vector<bronze::IdHash> hashes_;  // of the frame's trades
  iceberg::Table revisions_, late_trades_table_, gaps_table_;
  LateTrades late_;
  CoverageGaps gaps_;
  Sealed sealed_;
  std::int64_t last_look_us_ = 0;
  bool rebuilt_ = false;

  // Under mutex_, as in the base:
  iceberg::Table candles_;
  std::vector<Book> books_;        // by slot
  std::vector<std::size_t> home_;  // by market: the slot of its book; max_slots: none yet
  bronze::MarketTable markets_;
  std::vector<Market> market_list_;  // by market index
  CandlesStatus status_;             // without the part that the base keeps
};

}  // namespace

Result<std::unique_ptr<Candles>> Candles::open(const bronze::Lake& lake,
                                               const CandlesOptions& options, bronze::Role role) {
  auto candles = std::make_unique<CandlesImpl>(lake, options);
  TL_TRY(candles->prepare(role));
  return candles;
}

}  // namespace tradelake::silver
