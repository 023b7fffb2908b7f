#include "bronze/sink.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <arrow/api.h>
#include <spdlog/spdlog.h>

#include "bronze/dead_letters.h"
#include "bronze/frame_assembler.h"
#include "bronze/frame_parser.h"
#include "bronze/id_window.h"
#include "bronze/old_trades.h"
#include "bronze/tables.h"
#include "bronze/trade_rows.h"
#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/data_file_target.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/transaction.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_wait = 50ms;

iceberg::ParquetOptions trade_file_options(int zstd_level) {
  iceberg::ParquetOptions options;
  options.zstd_level = zstd_level;
  // Measured in docs/benchmarks.md: each of these is worth its line.
  options.random_columns = {"trade_id"};
  options.plain_columns = {"price"};
  options.delta_columns = {"trade_time", "seq", "frame_time", "received_at", "_offset", "_index"};
  return options;
}

class SinkImpl : public Sink {
 public:
  SinkImpl(const Lake& lake, const SinkOptions& options)
      : lake_(lake), options_(options), ids_(lake.spill_directory, options.id_memory_bytes) {}

  Result<> prepare() {
    topics_ = log::trade_topics();
    TL_TRY(lake_.log.ensure_topics(topics_));
    TL_ASSIGN(trades_, iceberg::ensure_table(lake_.catalog, lake_.io, lake_.warehouse_uri,
                                             bronze::trades_table()));
    TL_ASSIGN(
        dead_letters_table_,
        iceberg::ensure_table(lake_.catalog, lake_.io, lake_.warehouse_uri, dead_letters_table()));
    TL_ASSIGN(const auto commits, lake_.catalog.table_commits(pipeline));
    for (const auto* table : {&trades_, &dead_letters_table_}) {
      std::optional<std::string> on_record;
      for (const auto& commit : commits) {
        if (commit.table == table->ident) on_record = commit.commit_id;
      }
      TL_TRY(check_head(*table, pipeline, on_record));
    }
    TL_ASSIGN(positions_, Positions::load(lake_.catalog, lake_.log, pipeline, topics_));
    for (auto& [where, position] : positions_) {
      ids_.expire(position.slot, position.closed_until_us(options_.grace_us));
    }
    TL_ASSIGN(reader_, lake_.log.reader());
    reader_->assign(positions_.next_offsets());
    return {};
  }

  Result<> run(std::stop_token stop, std::int64_t drain_us) override {
    while (!stop.stop_requested()) {
      TL_ASSIGN(const auto chunk, reader_->poll(poll_wait));
      if (!chunk.records.empty()) TL_TRY(consume(chunk));
      if (due() || (chunk.records.empty() && commit_at_end_)) TL_TRY(commit());
    }
    const std::int64_t deadline = now_us() + drain_us;
    while (now_us() < deadline) {
      TL_ASSIGN(const auto chunk, reader_->poll(0ms));
      if (chunk.records.empty()) break;
      TL_TRY(consume(chunk));
      if (due()) TL_TRY(commit());
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

  SinkStatus status() const override {
    const std::lock_guard lock(mutex_);
    SinkStatus status = status_;
    status.uncommitted_rows = batch_.rows();
    return status;
  }

  void view(const View& see) const override {
    const std::lock_guard lock(mutex_);
    see(trades_, batch_, markets_);
  }

 private:
  Result<> consume(const log::Chunk& chunk) {
    const std::lock_guard lock(mutex_);
    auto& position = positions_.at(chunk.where);
    const auto topic =
        static_cast<std::uint16_t>(std::ranges::find(topics_, chunk.where.topic) - topics_.begin());
    if (first_uncommitted_us_ == 0) first_uncommitted_us_ = now_us();
    for (const auto& record : chunk.records) {
      bytes_ += record.value.size();
      TL_TRY(consume(record, position, topic));
      position.next_offset = record.offset + 1;
      ++status_.consumed_records;
    }
    return {};
  }

  Result<> consume(const log::Record& record, PartitionPosition& position, std::uint16_t topic) {
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
    if (minute_end <= position.closed_until_us(options_.grace_us)) {
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
    ++dead_by_reason_[std::string(to_string(letter.reason))];
    dead_.push_back(std::move(letter));
  }

  bool due() const {
    return batch_.rows() + dead_.size() >= options_.limits.max_rows ||
           bytes_ >= options_.limits.max_bytes ||
           (first_uncommitted_us_ != 0 &&
            now_us() - first_uncommitted_us_ >= options_.limits.interval_us);
  }

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

  Result<std::vector<iceberg::DataFile>> write_trades() {
    std::vector<iceberg::DataFile> files;
    const auto& metadata = *trades_.metadata;
    for (const auto& hour : split_and_sort(batch_, markets_)) {
      const iceberg::PartitionTuple partition{iceberg::Value{hour.hour}};
      TL_ASSIGN(auto file,
                write(trades_, partition,
                      *iceberg::table_of(trade_columns(batch_, markets_, topics_, hour.rows)),
                      metadata.default_sort_order_id, trade_file_options(options_.zstd_level)));
      files.push_back(std::move(file));
    }
    return files;
  }

  Result<std::vector<iceberg::DataFile>> write_dead_letters() {
    std::map<std::int32_t, std::vector<std::uint32_t>> by_day;
    for (std::uint32_t row = 0; row < dead_.size(); ++row) {
      by_day[static_cast<std::int32_t>(floor_div(dead_[row].received_us, us_per_day))].push_back(
          row);
    }
    std::vector<iceberg::DataFile> files;
    for (const auto& [day, rows] : by_day) {
      TL_ASSIGN(auto file, write(dead_letters_table_, {iceberg::Value{day}},
                                 *to_arrow(dead_, topics_, rows), {}, {}));
      files.push_back(std::move(file));
    }
    return files;
  }

  Result<iceberg::DataFile> write(const iceberg::Table& table,
                                  const iceberg::PartitionTuple& partition,
                                  const arrow::Table& rows,
                                  std::optional<iceberg::SortOrderId> order,
                                  const iceberg::ParquetOptions& options) {
    const auto& metadata = *table.metadata;
    const auto target = iceberg::new_data_file_target(metadata, partition, order);
    return iceberg::write_data_file(lake_.io, target, metadata.schema(), rows, options);
  }

  Result<> commit() {
    if (assembler_.open()) return {};  // the offsets would pass parts that are in no table yet
    const std::int64_t started_us = now_us();
    TL_TRY(drop_old_repeats());
    const auto updates = positions_.updates(options_.grace_us);
    if (updates.empty()) {
      first_uncommitted_us_ = 0;
      return {};
    }
    counts_.ok = static_cast<std::int64_t>(batch_.rows());
    if (counts_.error() != 0) {
      spdlog::error("event=conservation_error pipeline={} in={} ok={} dead={} filtered={}",
                    pipeline, counts_.in, counts_.ok, counts_.dead, counts_.filtered);
    }
    TL_ASSIGN(auto trade_files, write_trades());
    TL_ASSIGN(auto dead_files, write_dead_letters());
    const auto commit_id = new_commit_id();
    const auto summary = commit_summary(pipeline, commit_id, positions_, counts_);
    auto trades = trades_;  // readers see the old head until all is done
    iceberg::Transaction transaction(lake_.catalog, lake_.io);
    if (!trade_files.empty())
      transaction.add(trades, iceberg::append_files(std::move(trade_files), summary));
    if (!dead_files.empty()) {
      transaction.add(dead_letters_table_, iceberg::append_files(std::move(dead_files), summary));
    }
    transaction.set_progress(pipeline, commit_id, updates);
    TL_TRY(transaction.commit());
    finish_commit(std::move(trades), updates, started_us);
    return {};
  }

  void finish_commit(iceberg::Table trades, const std::vector<iceberg::ProgressUpdate>& updates,
                     std::int64_t started_us) {
    const std::lock_guard lock(mutex_);
    trades_ = std::move(trades);
    positions_.committed(updates);
    for (auto& [where, position] : positions_) {
      ids_.expire(position.slot, position.closed_until_us(options_.grace_us));
    }
    batch_.clear();
    dead_.clear();
    bytes_ = 0;
    first_uncommitted_us_ = 0;
    status_.committed.in += counts_.in;
    status_.committed.ok += counts_.ok;
    status_.committed.dead += counts_.dead;
    status_.committed.filtered += counts_.filtered;
    for (const auto& [reason, count] : std::exchange(dead_by_reason_, {}))
      status_.dead_by_reason[reason] += count;
    counts_ = {};
    ++status_.commits;
    status_.last_commit_us = now_us();
    status_.last_commit_took_us = status_.last_commit_us - started_us;
  }

  Lake lake_;
  SinkOptions options_;
  std::vector<std::string> topics_;
  std::unique_ptr<log::Reader> reader_;
  FrameParser parser_;
  FrameAssembler assembler_;
  IdWindow ids_;
  iceberg::Table dead_letters_table_;
  std::vector<DeadLetter> dead_;
  std::vector<std::uint32_t>
      old_rows_;         // rows of the batch that may be repeats of trades in the table
  CommitCounts counts_;  // of what is not yet committed; ok is the batch itself
  std::map<std::string, std::int64_t> dead_by_reason_;
  std::size_t bytes_ = 0;
  std::int64_t first_uncommitted_us_ = 0;
  std::atomic<bool> commit_at_end_ = false;

  mutable std::mutex mutex_;  // for what follows; only the pipeline's thread changes it
  Positions positions_;
  iceberg::Table trades_;
  TradeBatch batch_;
  MarketTable markets_;
  SinkStatus status_;
};

}  // namespace

Result<std::unique_ptr<Sink>> Sink::open(const Lake& lake, const SinkOptions& options) {
  auto sink = std::make_unique<SinkImpl>(lake, options);
  TL_TRY(sink->prepare());
  return sink;
}

}  // namespace tradelake::bronze
