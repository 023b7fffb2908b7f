#include "bronze/sink.h"

#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bronze/dead_letters.h"
#include "bronze/frame_assembler.h"
#include "bronze/frame_parser.h"
#include "bronze/held.h"
#include "bronze/id_window.h"
#include "bronze/old_trades.h"
#include "bronze/pending_trades.h"
#include "bronze/table_files.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/transaction.h"
#include "log/gap_record.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

class SinkImpl : public Sink {
 public:
  SinkImpl(const Lake& lake, const SinkOptions& options)
      : Sink(pipeline, log::frame_topics(), lake, options.limits, options.grace_us,
             Writing::overlapped),
        zstd_level_(options.zstd_level),
        retention_us_(options.retention_us),
        ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare(Role role) {
    follows_ = role == Role::follower;
    return Pipeline::prepare({{&trades_, bronze::trades_table()},
                              {&dead_letters_table_, dead_letters_table()},
                              {&klines_table_, bronze::klines_table()}},
                             role);
  }

  SinkStatus status() const override {
    const std::lock_guard lock(mutex_);
    return {commit_status_, filling_.batch.rows() + sealed_.trades.batch.rows(), consumed_records_,
            dead_by_reason_, kline_counts_};
  }

  void view(const View& see) const override {
    const std::lock_guard lock(mutex_);
    const TradeBatch* const uncommitted[] = {&sealed_.trades.batch, &filling_.batch};
    see(trades_, uncommitted, markets_);
  }

 private:
  Result<> consume(const log::Record& record, PartitionPosition& position,
                   std::uint16_t topic) override {
    ++consumed_records_;
    if (topic >= first_kline_topic_) return consume_klines(record, position, topic);
    switch (record.headers.kind) {
      case log::RecordKind::end_marker:
        return {};
      case log::RecordKind::part:
        // A commit never cuts between parts, so these are all in the tables.
        if (position.in_committed(record.offset)) return {};
        if (auto frame = assembler_.add(position.where, record))
          too_large(record, *std::move(frame), position, topic);
        return {};
      case log::RecordKind::gap:
        if (log::gap_of(record)) return {};
        break;
      case log::RecordKind::frame:
        break;
    }
    const auto& frame =
        parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
    const FrameOrigin origin{topic, position.where.partition, record.offset,
                             record.headers.recv_ns / 1000};
    const bool rebuilding = position.in_committed(record.offset);
    if (frame.bad_frame) {
      if (rebuilding) return {};
      ++counts_.in;
      add_dead({topic, origin.partition, origin.offset, std::nullopt, origin.received_us,
                std::string(record.headers.category), text_or_nothing(frame.bad_frame->symbol),
                frame.bad_frame->reason, frame.bad_frame->detail, std::string(record.value)});
      return {};
    }
    if (frame.skipped) return {};
    // A parsed frame has one of the four categories; anything else is a bad frame.
    const auto category = *bybit::parse_category(record.headers.category);
    hashes_.clear();
    for (const auto& trade : frame.trades) {
      hashes_.push_back(hash_id(category, trade.symbol, trade.trade_id));
      ids_.prefetch(hashes_.back());
    }
    const auto expired_until_us = expiry_of(record, position);
    for (std::size_t n = 0; n < frame.trades.size(); ++n) {
      if (!rebuilding && frame.trades[n].trade_time_us < expired_until_us) {
        ++counts_.in;
        ++counts_.filtered;
        ++counts_.expired;
        continue;
      }
      TL_TRY(
          take_trade(frame.trades[n], hashes_[n], frame, category, origin, position, rebuilding));
    }
    for (const auto& trade : frame.trades) position.saw(record.offset, trade.trade_time_us);
    if (rebuilding) return {};
    for (const auto& bad : frame.bad_trades) {
      ++counts_.in;
      add_dead({topic, origin.partition, origin.offset, bad.index, origin.received_us,
                std::string(record.headers.category), text_or_nothing(bad.symbol), bad.reason,
                bad.detail, std::string(bad.payload)});
    }
    return {};
  }

  Result<> consume_klines(const log::Record& record, PartitionPosition& position,
                          std::uint16_t topic) {
    if (follows_ || record.headers.kind != log::RecordKind::frame) return {};
    const bool rebuilding = position.in_committed(record.offset);
    const auto& frame =
        kline_parser_.parse(record.value, record.headers.category, record.headers.recv_ns);
    const FrameOrigin origin{topic, position.where.partition, record.offset,
                             record.headers.recv_ns / 1000};
    auto& counts = filling_.kline_counts;
    for (const auto& kline : frame.closed) {
      const auto minute_us = kline.last_minute_us();
      TL_ASSIGN(const bool fresh,
                ids_.insert(hash_kline(frame.category, frame.symbol, frame.interval, kline),
                            position.slot, minute_us));
      if (rebuilding) continue;
      if (!fresh) {
        ++counts.repeats;
        continue;
      }
      filling_.klines.push_back({frame.category, frame.symbol, frame.interval, kline, origin,
                                 position.is_closed(minute_us, grace_us_)});
    }
    for (const auto& kline : frame.closed) position.saw(record.offset, kline.last_minute_us());
    if (rebuilding) return {};
    counts.open += frame.open;
    for (const auto& bad : frame.unreadable) {
      ++counts.unreadable[static_cast<std::size_t>(bad.reason)];
      tell_unreadable(bad, position.where, record.offset);
    }
    return {};
  }

  // The first of a burst: where the exchange has changed what it sends, all of them are.
  void tell_unreadable(const UnreadableKline& bad, const log::TopicPartition& where,
                       std::int64_t offset) {
    const std::int64_t now = now_us();
    ++unreadable_klines_since_;
    if (now < next_unreadable_kline_us_) return;
    next_unreadable_kline_us_ = now + us_per_minute;
    spdlog::warn(
        "event=klines_unreadable topic={} partition={} offset={} index={} reason={} detail=\"{}\" "
        "since_last_told={}",
        where.topic, where.partition, offset, bad.index, to_string(bad.reason), bad.detail,
        std::exchange(unreadable_klines_since_, 0));
  }

  // Trades before this are past the retention of their table (design 8). A replay brings what its
  // file has, however old.
  std::int64_t expiry_of(const log::Record& record, const PartitionPosition& position) const {
    if (retention_us_ == 0 || record.headers.origin == log::Origin::replay ||
        !position.max_trade_time_us)
      return INT64_MIN;
    return called_for_us(*position.max_trade_time_us, retention_us_, us_per_hour, now_us());
  }

  Result<> take_trade(const Trade& trade, const IdHash& id, const ParsedFrame& frame,
                      bybit::Category category, const FrameOrigin& origin,
                      const PartitionPosition& position, bool rebuilding) {
    TL_ASSIGN(const bool fresh, ids_.insert(id, position.slot, trade.trade_time_us));
    if (rebuilding) return {};
    ++counts_.in;
    if (!fresh) {
      ++counts_.filtered;
      return {};
    }
    if (position.is_closed(floor_to(trade.trade_time_us, us_per_minute), grace_us_)) {
      filling_.old_rows.push_back(static_cast<std::uint32_t>(filling_.batch.rows()));
    }
    filling_.batch.append(trade, frame, markets_.index_of(category, trade.symbol), origin);
    return {};
  }

  static std::optional<std::string> text_or_nothing(std::string_view text) {
    if (text.empty()) return std::nullopt;
    return std::string(text);
  }

  void too_large(const log::Record& part, AssembledFrame frame, const PartitionPosition& position,
                 std::uint16_t topic) {
    ++counts_.in;
    auto detail =
        fmt::format("the frame is {} bytes; allowed: {}", frame.text.size(), log::max_frame_bytes);
    if (frame.missing_parts > 0)
      detail += fmt::format("; {} parts are missing", frame.missing_parts);
    add_dead({topic, position.where.partition, frame.first_offset, std::nullopt,
              part.headers.recv_ns / 1000, std::string(part.headers.category), std::nullopt,
              Reason::too_large, std::move(detail), std::move(frame.text)});
  }

  void add_dead(DeadLetter letter) {
    ++counts_.dead;
    filling_.dead.push_back(std::move(letter));
  }

  void taken(const PartitionPosition& position) override {
    ids_.expire(position.slot, position.closed_until_us(grace_us_));
  }

  void forget() override {
    filling_.clear();
    sealed_.trades.clear();
    assembler_ = {};
    ids_.clear();
  }

  void drop_committed() override {
    const auto& batch = filling_.batch;
    std::map<std::pair<std::uint16_t, std::int32_t>, const PartitionPosition*> where;
    std::vector<bool> drop(batch.rows(), false);
    bool any = false;
    for (std::size_t row = 0; row < drop.size(); ++row) {
      auto& position = where[{batch.topic[row], batch.partition[row]}];
      if (position == nullptr)
        position = positions_.find({topics_[batch.topic[row]], batch.partition[row]});
      drop[row] = position->in_committed(batch.offset[row]);
      any = any || drop[row];
    }
    if (any) filling_.remove(drop);
    counts_.ok = counts_.in - counts_.dead - counts_.filtered;
    count_dead_letters(filling_);
    expire_ids();
  }

  Result<> settle() override {
    const auto names = filling_.old_rows.empty() ? MarketNames() : markets_.names();
    TL_ASSIGN(const auto dropped, drop_old_repeats(filling_, names));
    counts_.filtered += dropped;
    return {};
  }

  bool has_room() const override { return filling_.batch.rows() < limits_.max_rows; }

  std::size_t pending_rows() const override { return filling_.rows(); }

  void count_dead_letters(PendingTrades& trades) {
    for (const auto& letter : trades.dead) ++dead_by_reason_[std::string(to_string(letter.reason))];
    trades.dead.clear();
  }

  // How many rows the table had already.
  Result<std::int64_t> drop_old_repeats(PendingTrades& trades, const MarketNames& markets) {
    if (trades.old_rows.empty()) return 0;
    TL_ASSIGN(const auto repeats,
              find_repeats(trades_, lake_.io, trades.batch, markets, trades.old_rows));
    const std::lock_guard lock(mutex_);
    trades.old_rows.clear();
    std::vector<bool> drop(trades.batch.rows(), false);
    for (const auto row : repeats) drop[row] = true;
    if (!repeats.empty()) trades.remove(drop);
    return static_cast<std::int64_t>(repeats.size());
  }

  Result<bool> seal() override {
    if (assembler_.open()) return false;  // the offsets would pass parts that are in no table yet
    auto updates = positions_.updates(grace_us_);
    if (updates.empty()) {
      nothing_to_commit();
      return false;
    }
    sealed_.commit_id = new_commit_id();
    sealed_.note = commit_note(name_, sealed_.commit_id, positions_, updates);
    sealed_.updates = std::move(updates);
    if (sealed_.markets.size() != markets_.size()) sealed_.markets = markets_.names();
    const std::lock_guard lock(mutex_);
    std::swap(sealed_.trades, filling_);
    begin_batch();
    // Of a trade in the sealed batch a later commit finds the repeat in the table.
    expire_ids();
    return true;
  }

  Result<> write() override {
    const std::int64_t started_us = now_us();
    const auto& batch = sealed_.trades.batch;
    TL_ASSIGN(const auto dropped, drop_old_repeats(sealed_.trades, sealed_.markets));
    sealed_counts_.filtered += dropped;
    sealed_counts_.ok = static_cast<std::int64_t>(batch.rows());
    TL_ASSIGN(const auto stored_before,
              drop_stored_klines(klines_table_, lake_.io, sealed_.trades.klines));
    sealed_.trades.kline_counts.repeats += stored_before;
    sealed_.trades.kline_counts.stored = static_cast<std::int64_t>(sealed_.trades.klines.size());
    check_conservation();
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    auto& files = transaction.new_files();
    TL_ASSIGN(auto trade_files,
              write_trade_files(files, trades_, batch, sealed_.markets, topics_, zstd_level_));
    TL_ASSIGN(auto dead_files,
              write_dead_letter_files(files, dead_letters_table_, sealed_.trades.dead, topics_));
    TL_ASSIGN(auto kline_files,
              write_kline_files(files, klines_table_, sealed_.trades.klines, topics_));
    auto note = sealed_.note;
    add_counts(note, sealed_counts_);
    auto trades = trades_;  // readers see the old head until all is done
    if (!trade_files.empty())
      transaction.add(trades, iceberg::append_files(std::move(trade_files), note));
    if (!dead_files.empty()) {
      transaction.add(dead_letters_table_, iceberg::append_files(std::move(dead_files), note));
    }
    if (!kline_files.empty())
      transaction.add(klines_table_, iceberg::append_files(std::move(kline_files), note));
    transaction.set_progress(name_, sealed_.commit_id, sealed_.updates);
    TL_TRY(transaction.commit());
    const std::lock_guard lock(mutex_);
    trades_ = std::move(trades);
    committed(sealed_.updates, started_us);
    count_dead_letters(sealed_.trades);
    kline_counts_ += sealed_.trades.kline_counts;
    sealed_.trades.clear();
    return {};
  }

  void expire_ids() {
    for (const auto& [where, position] : positions_) {
      ids_.expire(position.slot, position.closed_until_us(grace_us_));
    }
  }

  // A commit that is written, or will be: nothing is added to it any more.
  struct Sealed {
    PendingTrades trades;
    MarketNames markets;
    std::string commit_id;
    iceberg::SnapshotNote note;
    std::vector<iceberg::ProgressUpdate> updates;
  };

  const int zstd_level_;
  const std::int64_t retention_us_;
  const std::size_t first_kline_topic_ = log::trade_topics().size();
  bool follows_ = false;
  FrameParser parser_;
  KlineParser kline_parser_;
  FrameAssembler assembler_;
  IdWindow ids_;
  std::vector<IdHash> hashes_;  // of the frame's trades
  iceberg::Table dead_letters_table_, klines_table_;
  std::int64_t next_unreadable_kline_us_ = 0, unreadable_klines_since_ = 0;

  // Under mutex_, as in the base; of `sealed_` what readers see: the trades.
  iceberg::Table trades_;
  PendingTrades filling_;
  Sealed sealed_;
  MarketTable markets_;
  std::int64_t consumed_records_ = 0;
  std::map<std::string, std::int64_t> dead_by_reason_;
  KlineCounts kline_counts_;
};

}  // namespace

Result<std::unique_ptr<Sink>> Sink::open(const Lake& lake, const SinkOptions& options, Role role) {
  auto sink = std::make_unique<SinkImpl>(lake, options);
  TL_TRY(sink->prepare(role));
  return sink;
}

}  // namespace tradelake::bronze
