#include "bronze/pipeline.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <spdlog/spdlog.h>

#include "core/time.h"

namespace tradelake::bronze {
namespace {

using namespace std::chrono_literals;
constexpr auto poll_wait = 50ms;
constexpr auto shortest_pause = 100ms, longest_pause = 5'000ms;

}  // namespace

Pipeline::Pipeline(std::string name, std::vector<std::string> topics, const Lake& lake,
                   const CommitLimits& limits, std::int64_t grace_us)
    : name_(std::move(name)),
      lake_(lake),
      limits_(limits),
      grace_us_(grace_us),
      topics_(std::move(topics)) {}

Result<> Pipeline::prepare(
    const std::vector<std::pair<iceberg::Table*, iceberg::TableDefinition>>& tables) {
  TL_TRY(lake_.log.ensure_topics(topics_));
  TL_ASSIGN(const auto commits, lake_.catalog.table_commits(name_));
  for (const auto& [table, definition] : tables) {
    TL_ASSIGN(*table,
              iceberg::ensure_table(lake_.catalog, lake_.io, lake_.warehouse_uri, definition));
    std::optional<std::string> on_record;
    for (const auto& commit : commits) {
      if (commit.table == table->ident) on_record = commit.commit_id;
    }
    TL_TRY(check_head(*table, name_, on_record));
  }
  TL_ASSIGN(positions_, Positions::load(lake_.catalog, lake_.log, name_, topics_));
  TL_ASSIGN(reader_, lake_.log.reader());
  reader_->assign(positions_.next_offsets());
  return {};
}

Result<> Pipeline::run(std::stop_token stop, std::int64_t drain_us) {
  while (!stop.stop_requested()) {
    TL_ASSIGN(const auto chunk, reader_->poll(poll_wait));
    const bool at_end = chunk.records.empty();
    if (!at_end) TL_TRY(consume_all(chunk));
    if (due() || (at_end && commit_at_end_)) TL_TRY(commit_when_possible(stop));
  }
  const std::int64_t deadline = now_us() + drain_us;
  while (now_us() < deadline) {
    TL_ASSIGN(const auto chunk, reader_->poll(0ms));
    if (chunk.records.empty()) break;
    TL_TRY(consume_all(chunk));
    if (due()) TL_TRY(commit_when_possible(stop));
  }
  return commit_when_possible(stop);
}

Result<> Pipeline::commit_when_possible(const std::stop_token& stop) {
  for (auto pause = shortest_pause;; pause = std::min(pause * 2, longest_pause)) {
    auto done = commit();
    if (done || done.error().code != Errc::unavailable || stop.stop_requested()) return done;
    {
      const std::lock_guard lock(mutex_);
      ++commit_status_.delayed_commits;
    }
    spdlog::warn("event=commit_delayed pipeline={} again_in_ms={} error=\"{}\"", name_,
                 pause.count(), done.error().message);
    const auto until = std::chrono::steady_clock::now() + pause;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(20ms);
  }
}

Result<> Pipeline::consume_all(const log::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  auto& position = positions_.at(chunk.where);
  const auto topic =
      static_cast<std::uint16_t>(std::ranges::find(topics_, chunk.where.topic) - topics_.begin());
  position.last_record_us = now_us();
  if (first_uncommitted_us_ == 0) first_uncommitted_us_ = position.last_record_us;
  for (const auto& record : chunk.records) {
    uncommitted_bytes_ += record.value.size();
    TL_TRY(consume(record, position, topic));
    position.next_offset = record.offset + 1;
  }
  return {};
}

bool Pipeline::interval_is_over() const {
  return has_uncommitted() && now_us() - first_uncommitted_us_ >= limits_.interval_us;
}

bool Pipeline::due() {
  return pending_rows() >= limits_.max_rows || uncommitted_bytes_ >= limits_.max_bytes ||
         interval_is_over();
}

void Pipeline::committed(const std::vector<iceberg::ProgressUpdate>& updates,
                         std::int64_t started_us) {
  positions_.committed(updates);
  commit_status_.committed += counts_;
  counts_ = {};
  uncommitted_bytes_ = 0;
  first_uncommitted_us_ = 0;
  ++commit_status_.commits;
  commit_status_.last_commit_us = now_us();
  commit_status_.last_commit_took_us = commit_status_.last_commit_us - started_us;
}

void Pipeline::check_conservation() const {
  if (counts_.error() == 0) return;
  spdlog::error("event=conservation_error pipeline={} in={} ok={} dead={} filtered={}", name_,
                counts_.in, counts_.ok, counts_.dead, counts_.filtered);
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
