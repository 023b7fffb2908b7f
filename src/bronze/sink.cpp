#include "bronze/sink.h"

#include <fmt/format.h>

#include "bronze/dead_letters.h"
#include "bronze/frame_assembler.h"
#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "bronze/old_trades.h"
#include "bronze/table_files.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/transaction.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

class SinkImpl : public Sink {
 public:
  SinkImpl(const Lake& lake, const SinkOptions& options)
      : Sink(pipeline, log::trade_topics(), lake, options.limits, options.grace_us),
        zstd_level_(options.zstd_level),
        ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare() {
    TL_TRY(Pipeline::prepare(
        {{&trades_, bronze::trades_table()}, {&dead_letters_table_, dead_letters_table()}}));
    expire_ids();
    return {};
  }

  SinkStatus status() const override {
    const std::lock_guard lock(mutex_);
    return {commit_status_, batch_.rows(), consumed_records_, dead_by_reason_};
  }

  void view(const View& see) const override {
    const std::lock_guard lock(mutex_);
    see(trades_, batch_, markets_);
  }

 private:
  Result<> consume(const log::Record& record, PartitionPosition& position,
                   std::uint16_t topic) override {
    ++consumed_records_;
    switch (record.headers.kind) {
      case log::RecordKind::end_marker:
        return {};
      case log::RecordKind::part:
        // A commit never cuts between parts, so these are all in the tables.
        if (position.in_committed(record.offset)) return {};
        if (auto frame = assembler_.add(position.where, record))
          too_large(record, *std::move(frame), position, topic);
        return {};
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
    for (const auto& trade : frame.trades)
      TL_TRY(take(trade, frame, category, origin, position, rebuilding));
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

  Result<> take(const Trade& trade, const ParsedFrame& frame, bybit::Category category,
                const FrameOrigin& origin, const PartitionPosition& position, bool rebuilding) {
    TL_ASSIGN(const bool fresh, ids_.insert(hash_id(category, trade.symbol, trade.trade_id),
                                            position.slot, trade.trade_time_us));
    if (rebuilding) return {};
    ++counts_.in;
    if (!fresh) {
      ++counts_.filtered;
      return {};
    }
    const std::int64_t minute_end = floor_to(trade.trade_time_us, us_per_minute) + us_per_minute;
    if (minute_end <= position.closed_until_us(grace_us_)) {
      old_rows_.push_back(static_cast<std::uint32_t>(batch_.rows()));
    }
    batch_.append(trade, frame, markets_.index_of(category, trade.symbol), origin);
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
    dead_.push_back(std::move(letter));
  }

  std::size_t pending_rows() const override { return batch_.rows() + dead_.size(); }

  Result<> drop_old_repeats() {
    if (old_rows_.empty()) return {};
    TL_ASSIGN(const auto repeats, find_repeats(trades_, lake_.io, batch_, markets_, old_rows_));
    old_rows_.clear();
    if (repeats.empty()) return {};
    const std::lock_guard lock(mutex_);
    std::vector<bool> drop(batch_.rows(), false);
    for (const auto row : repeats) drop[row] = true;
    counts_.filtered += static_cast<std::int64_t>(repeats.size());
    batch_.remove(drop);
    return {};
  }

  Result<> commit() override {
    if (assembler_.open()) return {};  // the offsets would pass parts that are in no table yet
    const std::int64_t started_us = now_us();
    TL_TRY(drop_old_repeats());
    const auto updates = positions_.updates(grace_us_);
    if (updates.empty()) {
      nothing_to_commit();
      return {};
    }
    counts_.ok = static_cast<std::int64_t>(batch_.rows());
    check_conservation();
    TL_ASSIGN(auto trade_files,
              write_trade_files(lake_.io, trades_, batch_, markets_, topics_, zstd_level_));
    TL_ASSIGN(auto dead_files,
              write_dead_letter_files(lake_.io, dead_letters_table_, dead_, topics_));
    const auto commit_id = new_commit_id();
    const auto summary = commit_summary(name_, commit_id, positions_, counts_);
    const auto tag = progress_tag(name_);
    auto trades = trades_;  // readers see the old head until all is done
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    if (!trade_files.empty())
      transaction.add(trades, iceberg::append_files(std::move(trade_files), summary, tag));
    if (!dead_files.empty()) {
      transaction.add(dead_letters_table_,
                      iceberg::append_files(std::move(dead_files), summary, tag));
    }
    transaction.set_progress(name_, commit_id, updates);
    TL_TRY(transaction.commit());
    finish_commit(std::move(trades), updates, started_us);
    return {};
  }

  void finish_commit(iceberg::Table trades, const std::vector<iceberg::ProgressUpdate>& updates,
                     std::int64_t started_us) {
    const std::lock_guard lock(mutex_);
    trades_ = std::move(trades);
    committed(updates, started_us);
    for (const auto& letter : dead_) ++dead_by_reason_[std::string(to_string(letter.reason))];
    batch_.clear();
    dead_.clear();
    expire_ids();
  }

  void expire_ids() {
    for (const auto& [where, position] : positions_) {
      ids_.expire(position.slot, position.closed_until_us(grace_us_));
    }
  }

  const int zstd_level_;
  FrameParser parser_;
  FrameAssembler assembler_;
  IdWindow ids_;
  iceberg::Table dead_letters_table_;
  std::vector<DeadLetter> dead_;
  std::vector<std::uint32_t>
      old_rows_;  // rows of the batch that may be repeats of trades in the table

  // Under mutex_, as in the base:
  iceberg::Table trades_;
  TradeBatch batch_;
  MarketTable markets_;
  std::int64_t consumed_records_ = 0;
  std::map<std::string, std::int64_t> dead_by_reason_;
};

}  // namespace

Result<std::unique_ptr<Sink>> Sink::open(const Lake& lake, const SinkOptions& options) {
  auto sink = std::make_unique<SinkImpl>(lake, options);
  TL_TRY(sink->prepare());
  return sink;
}

}  // namespace tradelake::bronze
