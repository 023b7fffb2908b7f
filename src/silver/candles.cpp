#include "silver/candles.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <arrow/api.h>
#include <spdlog/spdlog.h>

#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "bronze/trade_rows.h"
#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/data_file_target.h"
#include "iceberg/scan.h"
#include "iceberg/transaction.h"
#include "log/topic.h"
#include "silver/rewrite.h"
#include "silver/tables.h"
#include "silver/watermark.h"

namespace tradelake::silver {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_wait = 50ms;
const std::string interval_1m = "1m";

struct PartitionState {
  Book book;
  std::int64_t last_record_us = 0;  // wall clock of the last record consumed
};

class CandlesImpl : public Candles {
 public:
  CandlesImpl(const bronze::Lake& lake, const CandlesOptions& options)
      : lake_(lake), options_(options), ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare() {
    for (const auto category : bybit::category_names) {
      topics_.push_back(log::topic_name(category, log::trade_stream));
    }
    TL_TRY(lake_.log.ensure_topics(topics_));
    TL_ASSIGN(const auto commits, lake_.catalog.table_commits(pipeline));
    for (const auto& [table, definition] : {std::pair{&candles_, candles_1m_table()},
                                            std::pair{&revisions_, candle_revisions_table()},
                                            std::pair{&late_trades_table_, late_trades_table()}}) {
      TL_ASSIGN(*table,
                iceberg::ensure_table(lake_.catalog, lake_.io, lake_.warehouse_uri, definition));
      std::optional<std::string> on_record;
      for (const auto& commit : commits) {
        if (commit.table == table->ident) on_record = commit.commit_id;
      }
      TL_TRY(bronze::check_head(*table, pipeline, on_record));
    }
    TL_ASSIGN(positions_, bronze::Positions::load(lake_.catalog, lake_.log, pipeline, topics_));
    states_.resize(static_cast<std::size_t>(std::distance(positions_.begin(), positions_.end())));
    TL_ASSIGN(reader_, lake_.log.reader());
    reader_->assign(positions_.next_offsets());
    return {};
  }

  Result<> run(std::stop_token stop, std::int64_t drain_us) override {
    while (!stop.stop_requested()) {
      TL_ASSIGN(const auto chunk, reader_->poll(poll_wait));
      const bool at_end = chunk.records.empty();
      if (!at_end) TL_TRY(consume(chunk));
      if (due() || (at_end && commit_at_end_)) TL_TRY(commit());
    }
    const std::int64_t deadline = now_us() + drain_us;
    while (now_us() < deadline) {
      TL_ASSIGN(const auto chunk, reader_->poll(0ms));
      if (chunk.records.empty()) break;
      TL_TRY(consume(chunk));
    }
    return commit();
  }

  void commit_at_end() override { commit_at_end_ = true; }

  std::map<log::TopicPartition, std::int64_t> committed_offsets() const override {
    const std::lock_guard lock(mutex_);
    return positions_.committed_offsets();
  }
  std::map<log::TopicPartition, std::int64_t> consumed_offsets() const override {
    const std::lock_guard lock(mutex_);
    return positions_.next_offsets();
  }

  CandlesStatus status() const override {
    const std::lock_guard lock(mutex_);
    auto status = status_;
    for (const auto& state : states_) status.open_candles += state.book.size();
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
    for (const auto& state : states_) {
      state.book.of_market(market, from_us, to_us,
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
  Result<> consume(const log::Chunk& chunk) {
    const std::lock_guard lock(mutex_);
    auto& position = positions_.at(chunk.where);
    auto& state = states_[position.slot];
    const auto topic =
        static_cast<std::uint16_t>(std::ranges::find(topics_, chunk.where.topic) - topics_.begin());
    state.last_record_us = now_us();
    if (first_uncommitted_us_ == 0) first_uncommitted_us_ = state.last_record_us;
    for (const auto& record : chunk.records) {
      if (record.headers.kind == log::RecordKind::end_marker) {
        state.book.finalize();
      } else if (record.headers.kind == log::RecordKind::frame) {
        TL_TRY(consume(record, position, state.book, topic));
      }
      position.next_offset = record.offset + 1;
    }
    return {};
  }

  Result<> consume(const log::Record& record, bronze::PartitionPosition& position, Book& book,
                   std::uint16_t topic) {
    const auto& frame =
        parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
    if (frame.trades.empty()) return {};
    const auto category = *bybit::parse_category(record.headers.category);
    const bool rebuilding = position.in_committed(record.offset);
    // Lateness looks at earlier records only, so not at the trades of this frame.
    const std::int64_t closed_until_us = position.closed_until_us(options_.grace_us);
    for (const auto& trade : frame.trades) {
      const auto market = markets_.index_of(category, trade.symbol);
      note_market(market, trade);
      const std::int64_t open_time_us = floor_to(trade.trade_time_us, us_per_minute);
      const bool late = open_time_us + us_per_minute <= closed_until_us;
      const auto hash = bronze::hash_id(category, trade.symbol, trade.trade_id);
      if (!rebuilding) ++counts_.in;
      if (late) {
        // In a rebuild: a candle that is closed by now, or a late trade that is in its table.
        if (!rebuilding) add_late(trade, frame, market, position, record, topic);
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

  void add_late(const bronze::Trade& trade, const bronze::ParsedFrame& frame,
                bronze::MarketIndex market, const bronze::PartitionPosition& position,
                const log::Record& record, std::uint16_t topic) {
    ++counts_.ok;
    late_.append(trade, frame, market,
                 {topic, position.where.partition, record.offset, record.headers.recv_ns / 1000});
    late_by_ms_.push_back((*position.max_trade_time_us - trade.trade_time_us) / us_per_ms);
  }

  // Trades at replay-from and later are in the book: compare with the table, once, before the first
  // commit.
  Result<bool> rebuilt() {
    if (rebuilt_) return true;
    std::int64_t from_us = INT64_MAX;
    for (const auto& [where, position] : positions_) {
      if (position.committed && position.next_offset < position.committed->next_offset)
        return false;
      from_us =
          std::min(from_us, states_[position.slot].book.first_open_time_us().value_or(INT64_MAX));
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
    for (auto& state : states_) {
      auto* entry = state.book.find(row.open_time_us, market);
      if (entry == nullptr) continue;
      entry->stored_revision = row.revision;
      entry->dirty =
          !to_row(row.category, row.symbol, row.open_time_us, entry->candle).same_candle(row);
    }
  }

  std::vector<std::int64_t> current_watermarks() {
    const std::int64_t now = now_us();
    std::vector<PartitionClock> clocks(states_.size());
    for (const auto& [where, position] : positions_) {
      auto& state = states_[position.slot];
      if (state.last_record_us == 0) state.last_record_us = now;
      clocks[position.slot] = {position.max_trade_time_us,
                               now - state.last_record_us >= idle_after_us};
    }
    return watermarks(clocks, options_.live, now);
  }

  bool due() {
    const std::int64_t now = now_us();
    if (first_uncommitted_us_ != 0) {
      return now - first_uncommitted_us_ >= options_.limits.interval_us ||
             late_.rows() >= options_.limits.max_rows;
    }
    // Nothing new: candles may still become due by the clock.
    if (now - last_look_us_ < us_per_second) return false;
    last_look_us_ = now;
    const auto until = current_watermarks();
    for (std::size_t slot = 0; slot < states_.size(); ++slot) {
      if (states_[slot].book.has_any_to_write(until[slot])) return true;
    }
    return false;
  }

  struct Pending {
    Book* book;
    bronze::MarketIndex market;
    CandleRow row;
  };

  // What has to be written now: first versions, and revisions with why.
  struct Emission {
    std::vector<Pending> fresh, revised;
    std::vector<CandleRow> late_reason, extended_reason;
  };

  Emission collect(std::int64_t now) {
    Emission emission;
    const auto until = current_watermarks();
    for (std::size_t slot = 0; slot < states_.size(); ++slot) {
      auto& book = states_[slot].book;
      book.for_each([&](std::int64_t open_time_us, bronze::MarketIndex market, BookEntry& entry) {
        if (!Book::to_be_written(entry, open_time_us, until[slot])) return;
        const auto& name = markets_.name(market);
        auto row = to_row(name.category, name.symbol, open_time_us, entry.candle);
        row.updated_at_us = now;
        if (!entry.stored_revision) {
          emission.fresh.push_back({&book, market, std::move(row)});
          return;
        }
        row.revision = *entry.stored_revision + 1;
        // Written early because of an end marker, and not over yet: more of the same minute came.
        const bool extended = entry.finalized && open_time_us + us_per_minute > until[slot];
        (extended ? emission.extended_reason : emission.late_reason).push_back(row);
        emission.revised.push_back({&book, market, std::move(row)});
      });
    }
    return emission;
  }

  Result<std::unique_ptr<iceberg::Action>> candle_action(
      const Emission& emission, const std::map<std::string, std::string>& summary) {
    std::vector<CandleRow> fresh, revised;
    for (const auto& pending : emission.fresh) fresh.push_back(pending.row);
    for (const auto& pending : emission.revised) revised.push_back(pending.row);
    TL_ASSIGN(auto rewrite, plan_rewrite(candles_, lake_.io, revised));
    // Rewritten rows stay apart from new ones, so that a correction never rewrites more than it
    // must.
    std::ranges::copy(revised, std::back_inserter(rewrite.kept));
    TL_ASSIGN(auto files, write_candles(candles_, lake_.io, std::move(fresh)));
    TL_ASSIGN(auto rewritten, write_candles(candles_, lake_.io, std::move(rewrite.kept)));
    std::ranges::move(rewritten, std::back_inserter(files));
    if (rewrite.removed_paths.empty()) return iceberg::append_files(std::move(files), summary);
    return iceberg::overwrite_files(std::move(rewrite.removed_paths), std::move(files), summary);
  }

  Result<std::vector<iceberg::DataFile>> revision_files(const Emission& emission) {
    static const std::string late = "late_trade", extended = "extended";
    TL_ASSIGN(auto files,
              write_candles(revisions_, lake_.io, emission.late_reason, &interval_1m, &late));
    TL_ASSIGN(auto more, write_candles(revisions_, lake_.io, emission.extended_reason, &interval_1m,
                                       &extended));
    std::ranges::move(more, std::back_inserter(files));
    return files;
  }

  Result<std::vector<iceberg::DataFile>> late_files() {
    std::vector<std::int64_t> open_time_us;
    std::map<std::int64_t, std::vector<std::uint32_t>> by_day;
    for (std::uint32_t row = 0; row < late_.rows(); ++row) {
      open_time_us.push_back(floor_to(late_.trade_time_us[row], us_per_minute));
      by_day[floor_div(open_time_us.back(), us_per_day)].push_back(row);
    }
    std::vector<iceberg::DataFile> files;
    const auto& metadata = *late_trades_table_.metadata;
    for (auto& [day, rows] : by_day) {
      std::ranges::stable_sort(rows, {}, [&](std::uint32_t row) {
        const auto& name = markets_.name(late_.market[row]);
        return std::tuple(to_string(name.category), std::string_view(name.symbol),
                          open_time_us[row]);
      });
      auto columns = bronze::trade_columns(late_, markets_, topics_, rows);
      columns.emplace_back("open_time", iceberg::timestamp_column(open_time_us, rows));
      columns.emplace_back("late_by_ms", iceberg::int64_column(late_by_ms_, rows));
      const auto target =
          iceberg::new_data_file_target(metadata, {iceberg::Value{static_cast<std::int32_t>(day)}},
                                        metadata.default_sort_order_id);
      TL_ASSIGN(auto file, iceberg::write_data_file(lake_.io, target, metadata.schema(),
                                                    *iceberg::table_of(columns), {}));
      files.push_back(std::move(file));
    }
    return files;
  }

  Result<> commit() {
    TL_ASSIGN(const bool ready, rebuilt());
    if (!ready) return {};
    const std::int64_t started_us = now_us();
    const auto emission = collect(started_us);
    const bool writes = !emission.fresh.empty() || !emission.revised.empty() || late_.rows() > 0;
    // Rows that are written without new offsets are fenced by the offsets they stand on.
    const auto updates = positions_.updates(options_.grace_us, writes);
    if (updates.empty()) {
      first_uncommitted_us_ = 0;
      return {};
    }
    if (counts_.error() != 0) {
      spdlog::error("event=conservation_error pipeline={} in={} ok={} filtered={}", pipeline,
                    counts_.in, counts_.ok, counts_.filtered);
    }
    const auto commit_id = bronze::new_commit_id();
    const auto summary = bronze::commit_summary(pipeline, commit_id, positions_, counts_);
    auto candles = candles_;  // readers see the old head until all is done
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    if (!emission.fresh.empty() || !emission.revised.empty()) {
      TL_ASSIGN(auto action, candle_action(emission, summary));
      transaction.add(candles, std::move(action));
    }
    if (!emission.revised.empty()) {
      TL_ASSIGN(auto files, revision_files(emission));
      transaction.add(revisions_, iceberg::append_files(std::move(files), summary));
    }
    if (late_.rows() > 0) {
      TL_ASSIGN(auto files, late_files());
      transaction.add(late_trades_table_, iceberg::append_files(std::move(files), summary));
    }
    transaction.set_progress(pipeline, commit_id, updates);
    TL_TRY(transaction.commit());
    finish_commit(std::move(candles), emission, updates, started_us);
    return {};
  }

  void finish_commit(iceberg::Table candles, const Emission& emission,
                     const std::vector<iceberg::ProgressUpdate>& updates, std::int64_t started_us) {
    const std::lock_guard lock(mutex_);
    candles_ = std::move(candles);
    for (const auto* pending : {&emission.fresh, &emission.revised}) {
      for (const auto& [book, market, row] : *pending) {
        auto* entry = book->find(row.open_time_us, market);
        entry->stored_revision = row.revision;
        entry->dirty = false;
        status_.null_sums += !row.volume || !row.turnover;
      }
    }
    positions_.committed(updates);
    for (const auto& [where, position] : positions_) {
      const std::int64_t closed_until_us = position.closed_until_us(options_.grace_us);
      ids_.expire(position.slot, closed_until_us);
      states_[position.slot].book.drop_until(closed_until_us);
    }
    status_.candles_written += static_cast<std::int64_t>(emission.fresh.size());
    status_.candles_revised += static_cast<std::int64_t>(emission.revised.size());
    status_.late_trades += static_cast<std::int64_t>(late_.rows());
    status_.committed.in += counts_.in;
    status_.committed.ok += counts_.ok;
    status_.committed.filtered += counts_.filtered;
    counts_ = {};
    late_.clear();
    late_by_ms_.clear();
    first_uncommitted_us_ = 0;
    ++status_.commits;
    status_.last_commit_us = now_us();
    status_.last_commit_took_us = status_.last_commit_us - started_us;
  }

  bronze::Lake lake_;
  CandlesOptions options_;
  std::vector<std::string> topics_;
  std::unique_ptr<log::Reader> reader_;
  bronze::FrameParser parser_;
  bronze::IdWindow ids_;
  iceberg::Table revisions_, late_trades_table_;
  bronze::TradeBatch late_;
  std::vector<std::int64_t> late_by_ms_;
  bronze::CommitCounts counts_;  // of what is not yet committed
  std::int64_t first_uncommitted_us_ = 0;
  std::int64_t last_look_us_ = 0;
  bool rebuilt_ = false;
  std::atomic<bool> commit_at_end_ = false;

  mutable std::mutex mutex_;  // for what follows; only the pipeline's thread changes it
  bronze::Positions positions_;
  iceberg::Table candles_;
  std::vector<PartitionState> states_;  // by slot
  bronze::MarketTable markets_;
  std::vector<Market> market_list_;  // by market index
  CandlesStatus status_;
};

}  // namespace

Result<std::unique_ptr<Candles>> Candles::open(const bronze::Lake& lake,
                                               const CandlesOptions& options) {
  auto candles = std::make_unique<CandlesImpl>(lake, options);
  TL_TRY(candles->prepare());
  return candles;
}

}  // namespace tradelake::silver
