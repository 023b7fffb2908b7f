#include "silver/candles.h"

#include <algorithm>

#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "core/time.h"
#include "iceberg/scan.h"
#include "iceberg/transaction.h"
#include "log/topic.h"
#include "silver/emission.h"
#include "silver/late_trades.h"
#include "silver/tables.h"
#include "silver/watermark.h"

namespace tradelake::silver {
namespace {

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
      : Candles(pipeline, market_topics(), lake, options.limits, options.grace_us),
        live_(options.live),
        ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare() {
    TL_TRY(Pipeline::prepare({{&candles_, candles_1m_table()},
                              {&revisions_, candle_revisions_table()},
                              {&late_trades_table_, late_trades_table()}}));
    books_.resize(static_cast<std::size_t>(std::distance(positions_.begin(), positions_.end())));
    return {};
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
    auto& book = books_[position.slot];
    if (record.headers.kind == log::RecordKind::end_marker) book.finalize();
    if (record.headers.kind != log::RecordKind::frame) return {};
    const auto& frame =
        parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
    if (frame.trades.empty()) return {};
    const auto category = *bybit::parse_category(record.headers.category);
    const bool rebuilding = position.in_committed(record.offset);
    // Lateness looks at earlier records only, so not at the trades of this frame.
    const std::int64_t closed_until_us = position.closed_until_us(grace_us_);
    for (const auto& trade : frame.trades) {
      const auto market = markets_.index_of(category, trade.symbol);
      note_market(market, trade);
      const std::int64_t open_time_us = floor_to(trade.trade_time_us, us_per_minute);
      const bool late = open_time_us + us_per_minute <= closed_until_us;
      const auto hash = bronze::hash_id(category, trade.symbol, trade.trade_id);
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
      TL_ASSIGN(const bool fresh, ids_.insert(hash, position.slot, trade.trade_time_us));
      if (!fresh) {
        counts_.filtered += !rebuilding;
        continue;
      }
      counts_.ok += !rebuilding;
      book.add(category, market, open_time_us,
               {trade.trade_time_us, trade.has_seq ? trade.seq : 0, trade.side, trade.price,
                trade.size, trade.trade_id});
    }
    for (const auto& trade : frame.trades) position.saw(record.offset, trade.trade_time_us);
    return {};
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
      TL_ASSIGN(const auto files, iceberg::plan_files(*candles_.metadata, lake_.io, filter));
      for (const auto& file : files) {
        TL_ASSIGN(const auto rows, read_candles(candles_, lake_.io, file.file, filter));
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

  std::size_t pending_rows() const override { return late_.rows(); }

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

  Result<> commit() override {
    TL_ASSIGN(const bool ready, rebuilt());
    if (!ready) return {};
    const std::int64_t started_us = now_us();
    Emission emission;
    const auto until = current_watermarks();
    for (std::size_t slot = 0; slot < books_.size(); ++slot) {
      emission.collect(books_[slot], markets_, until[slot], started_us);
    }
    // Rows that are written without new offsets are fenced by the offsets they stand on.
    const auto updates = positions_.updates(grace_us_, !emission.empty() || late_.rows() > 0);
    if (updates.empty()) {
      nothing_to_commit();
      return {};
    }
    check_conservation();
    const auto commit_id = bronze::new_commit_id();
    const auto summary = bronze::commit_summary(name_, commit_id, positions_, counts_);
    const auto tag = bronze::progress_tag(name_);
    auto candles = candles_;  // readers see the old head until all is done
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    if (!emission.empty()) {
      TL_ASSIGN(auto action, emission.candle_action(candles_, lake_.io, summary, tag));
      transaction.add(candles, std::move(action));
    }
    if (emission.revised() > 0) {
      TL_ASSIGN(auto files, emission.revision_files(revisions_, lake_.io));
      transaction.add(revisions_, iceberg::append_files(std::move(files), summary, tag));
    }
    if (late_.rows() > 0) {
      TL_ASSIGN(auto files, late_.write_files(lake_.io, late_trades_table_, markets_, topics_));
      transaction.add(late_trades_table_, iceberg::append_files(std::move(files), summary, tag));
    }
    transaction.set_progress(name_, commit_id, updates);
    TL_TRY(transaction.commit());
    finish_commit(std::move(candles), emission, updates, started_us);
    return {};
  }

  void finish_commit(iceberg::Table candles, const Emission& emission,
                     const std::vector<iceberg::ProgressUpdate>& updates, std::int64_t started_us) {
    const std::lock_guard lock(mutex_);
    candles_ = std::move(candles);
    emission.mark_stored();
    committed(updates, started_us);
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
  }

  const bool live_;
  bronze::FrameParser parser_;
  bronze::IdWindow ids_;
  iceberg::Table revisions_, late_trades_table_;
  LateTrades late_;
  std::int64_t last_look_us_ = 0;
  bool rebuilt_ = false;

  // Under mutex_, as in the base:
  iceberg::Table candles_;
  std::vector<Book> books_;  // by slot
  bronze::MarketTable markets_;
  std::vector<Market> market_list_;  // by market index
  CandlesStatus status_;             // without the part that the base keeps
};

}  // namespace

Result<std::unique_ptr<Candles>> Candles::open(const bronze::Lake& lake,
                                               const CandlesOptions& options) {
  auto candles = std::make_unique<CandlesImpl>(lake, options);
  TL_TRY(candles->prepare());
  return candles;
}

}  // namespace tradelake::silver
