#include "bronze/pipeline.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bronze/take_over.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t look_every_us = us_per_second;
constexpr std::chrono::seconds patience_with_spark{20};  // a job that was asked to stop commits yet
constexpr std::chrono::milliseconds ask_again{250};

}  // namespace

Pipeline::Pipeline(std::string name, std::vector<std::string> topics, const Lake& lake,
                   const CommitLimits& limits, std::int64_t grace_us, Writing writing)
    : name_(std::move(name)),
      lake_(lake),
      limits_(limits),
      grace_us_(grace_us),
      topics_(std::move(topics)),
      writing_how_(writing) {}

Result<> Pipeline::prepare(
    const std::vector<std::pair<iceberg::Table*, iceberg::TableDefinition>>& tables, Role role) {
  if (role == Role::member) TL_TRY(hold());
  TL_TRY(lake_.log.ensure_topics(topics_));
  for (const auto& [table, definition] : tables) {
    TL_ASSIGN(*table,
              iceberg::ensure_table(lake_.catalog, lake_.io, lake_.warehouse_uri, definition));
    tables_.push_back(table);
  }
  if (role == Role::member) {
    TL_ASSIGN(const bool taken_over, take_over_from_spark(lake_, name_, tables_, grace_us_));
    if (taken_over) TL_TRY(refresh_tables());
    TL_TRY(check_heads());
  }
  TL_ASSIGN(reader_, lake_.log.reader());
  if (role == Role::follower) return {};
  // Named after the lake too: others may read the same log into tables of their own.
  const auto lake = tables_.front()->metadata->table_uuid.substr(0, 8);
  return reader_->join(fmt::format("tradelake-{}-{}", name_, lake), topics_, *this);
}

Result<> Pipeline::hold() {
  TL_ASSIGN(hold_, lake_.catalog.hold(name_));
  if (hold_ == nullptr) return {};
  const auto deadline = std::chrono::steady_clock::now() + patience_with_spark;
  while (true) {
    TL_ASSIGN(const bool held, hold_->keep());
    if (held) return {};
    if (std::chrono::steady_clock::now() > deadline) return given_to_spark();
    std::this_thread::sleep_for(ask_again);
  }
}

std::unexpected<Error> Pipeline::given_to_spark() const {
  return make_error(Errc::fenced,
                    "pipeline {}: a job of Spark's writes its tables; stop that one first", name_);
}

// Another process may commit between the two looks, so what disagrees is looked at again.
Result<> Pipeline::check_heads() {
  for (int look = 1;; ++look) {
    TL_ASSIGN(const auto commits, lake_.catalog.table_commits(name_));
    TL_ASSIGN(const auto progress, lake_.catalog.progress(name_));
    Result<> agreed;
    for (auto* table : tables_) {
      std::optional<std::string> on_record;
      for (const auto& commit : commits) {
        if (commit.table == table->ident) on_record = commit.commit_id;
      }
      if (agreed) agreed = check_head(*table, name_, on_record, progress);
    }
    if (agreed || look == max_looks) return agreed;
    TL_TRY(refresh_tables());
  }
}

Result<> Pipeline::refresh_tables() {
  TL_ASSIGN(auto heads, read_heads());
  const std::lock_guard lock(mutex_);
  take_tables(std::move(heads.tables));
  return {};
}

void Pipeline::take_tables(std::vector<iceberg::Table> heads) {
  for (std::size_t n = 0; n < tables_.size(); ++n) *tables_[n] = std::move(heads[n]);
}

Result<std::map<log::TopicPartition, std::int64_t>> Pipeline::take(
    std::span<const log::TopicPartition> partitions) {
  end_write();
  if (running_) {
    TL_TRY(when_available("take_partitions", stop_, [&] { return load(partitions); }));
  } else {
    TL_TRY(load(partitions));
  }
  return positions_.next_offsets();
}

// Into the positions, beside those that are there.
Result<> Pipeline::load(std::span<const log::TopicPartition> partitions) {
  // Of one moment: what another process commits between two looks would be in the progress, and
  // taken for missing in the tables.
  TL_ASSIGN(auto heads, read_heads());
  auto positions = positions_;
  TL_TRY(positions.load(heads.progress, lake_.log, name_, partitions));
  const std::lock_guard lock(mutex_);
  take_tables(std::move(heads.tables));
  positions_ = std::move(positions);
  for (const auto& where : partitions) taken(positions_.at(where));
  return {};
}

void Pipeline::give_up(std::span<const log::TopicPartition> partitions, bool lost) {
  end_write();
  if (!lost && !restart_ && (!written_ || *written_)) {
    // What cannot be committed now, the next owner reads again.
    if (const auto done = commit_now(stop_); !done)
      spdlog::warn("event=gave_up_uncommitted pipeline={} error=\"{}\"", name_,
                   done.error().message);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& where : partitions) positions_.remove(where);
  restart_ = true;
}

Result<> Pipeline::restart() {
  // Fenced by who has the partitions now: that is settled herewith.
  if (written_ && !*written_ && written_->error().code == Errc::fenced) written_.reset();
  std::vector<log::TopicPartition> kept;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [where, position] : positions_) kept.push_back(where);
    positions_.clear();
    forget();
    begin_batch();
    sealed_counts_ = {};
  }
  restart_ = false;
  spdlog::info("event=partitions_kept pipeline={} partitions={}", name_, kept.size());
  if (kept.empty()) return {};
  TL_TRY(when_available("restart", stop_, [&] { return load(kept); }));
  reader_->seek(positions_.next_offsets());
  return {};
}

// Nothing if none came in time, or if it may be of a partition that was given up meanwhile.
Result<log::Chunk> Pipeline::next() {
  TL_ASSIGN(auto chunk, reader_->poll(poll_wait));
  if (!restart_) return chunk;
  TL_TRY(restart());
  return log::Chunk{};
}

Result<> Pipeline::run(std::stop_token stop, std::int64_t drain_us) {
  stop_ = stop;
  running_ = true;
  // However this ends, nothing is written after it.
  const auto wait = [this](void*) {
    if (writing_.valid()) writing_.wait();
  };
  const std::unique_ptr<void, decltype(wait)> at_the_end(this, wait);
  return run_until(stop, drain_us);
}

Result<> Pipeline::run_until(const std::stop_token& stop, std::int64_t drain_us) {
  while (!stop.stop_requested()) {
    TL_ASSIGN(const auto chunk, next());
    const bool nothing = chunk.where.topic.empty();
    if (!nothing) TL_TRY(consume_all(chunk));
    if (write_has_ended()) end_write();
    TL_TRY(heed(stop));
    if (due() || (nothing && commit_at_end_)) TL_TRY(commit(stop));
    TL_TRY(keep_up());
  }
  TL_TRY(drain(stop, now_us() + drain_us));
  TL_TRY(commit(stop));
  end_write();
  return heed(stop);
}

// Others move the heads too, maintenance among them: in a quiet market, too, readers must not be
// sent to files that are gone.
Result<> Pipeline::keep_up() {
  if (writing_.valid() || restart_ || now_us() < next_look_us_) return {};
  next_look_us_ = now_us() + look_every_us;
  if (hold_ != nullptr) {
    // With the database the hold may have been away, and a job come.
    const auto held = hold_->keep();
    if (held && !*held) return given_to_spark();
    if (!held && held.error().code != Errc::unavailable) return std::unexpected(held.error());
  }
  auto done = refresh_tables();
  // What is away the next commit waits for.
  return done || done.error().code != Errc::unavailable ? done : Result<>();
}

// A member that the group is about to give partitions, as after an outage of its broker, waits for
// them; what it does not reach is in the log, for the next start.
Result<> Pipeline::drain(const std::stop_token& stop, std::int64_t deadline_us) {
  // A poll that comes up empty does not say that there is nothing: the log's end does.
  auto ends = lake_.log.offsets();
  if (!ends) return {};
  std::erase_if(*ends, [&](const auto& entry) { return !reads(entry.first); });
  while (!at_end(*ends)) {
    if (now_us() >= deadline_us) {
      spdlog::warn("event=left_in_the_log pipeline={} partitions={}", name_,
                   positions_.next_offsets().size());
      return {};
    }
    TL_ASSIGN(const auto chunk, next());
    if (chunk.where.topic.empty()) continue;
    TL_TRY(consume_all(chunk));
    if (due()) TL_TRY(commit(stop));
  }
  return {};
}

bool Pipeline::at_end(const std::map<log::TopicPartition, log::OffsetRange>& ends) {
  if (positions_.begin() == positions_.end()) {
    // None of it is ours, or not yet: others may have it all in the tables.
    const auto rows = lake_.catalog.progress(name_);
    return !rows || std::ranges::all_of(ends, [&](const auto& entry) {
      const auto& [where, range] = entry;
      return range.end <= range.start || std::ranges::any_of(*rows, [&](const auto& row) {
               return row.topic == where.topic && row.partition == where.partition &&
                      row.next_offset >= range.end;
             });
    });
  }
  return std::ranges::all_of(positions_, [&](const auto& one) {
    const auto end = ends.find(one.first);
    return end == ends.end() || one.second.next_offset >= end->second.end;
  });
}

Result<> Pipeline::consume_all(const log::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  auto& position = positions_.at(chunk.where);
  const auto topic =
      static_cast<std::uint16_t>(std::ranges::find(topics_, chunk.where.topic) - topics_.begin());
  const std::int64_t now = now_us();
  if (!chunk.records.empty()) position.last_record_us = now;
  if (first_uncommitted_us_ == 0) first_uncommitted_us_ = now;
  for (const auto& record : chunk.records) {
    uncommitted_bytes_ += record.value.size();
    TL_TRY(consume(record, position, topic));
    position.next_offset = record.offset + 1;
  }
  // Beyond the last record there may be offsets without one, which count as consumed.
  position.next_offset = std::max(position.next_offset, chunk.next_offset);
  return {};
}

bool Pipeline::interval_is_over() const {
  return has_uncommitted() && now_us() - first_uncommitted_us_ >= limits_.interval_us;
}

bool Pipeline::due() {
  return pending_rows() >= limits_.max_rows || uncommitted_bytes_ >= limits_.max_bytes ||
         interval_is_over();
}

bool Pipeline::reads(const log::TopicPartition& where) const {
  return std::ranges::find(topics_, where.topic) != topics_.end();
}

std::map<log::TopicPartition, std::int64_t> Pipeline::committed_offsets() const {
  const std::lock_guard lock(mutex_);
  return positions_.committed_offsets();
}

std::map<log::TopicPartition, std::int64_t> Pipeline::consumed_offsets() const {
  const std::lock_guard lock(mutex_);
  return positions_.next_offsets();
}

}  // namespace tradelake::bronze
