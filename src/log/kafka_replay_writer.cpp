#include "log/kafka_replay_writer.h"

#include <algorithm>
#include <random>
#include <thread>

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include "log/kafka_topics.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 1'000ms, pause = 20ms, at_once = 100ms;
// A killed replay that never comes back holds up the readers of its partitions for so long.
constexpr auto transaction_timeout = 20'000ms;
// Far more than a commit takes. librdkafka 2.0 ends the process if a call that resumes a commit
// runs out of time before its own thread has seen it, and then the broker's answer comes.
constexpr auto commit_timeout = 3'000ms;

int left_ms(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 1));
}

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace

KafkaReplayWriter::KafkaReplayWriter(const KafkaAddress& address, KafkaClient& client,
                                     const TopicNames& topics, std::string source)
    : address_(address),
      topics_(topics),
      source_(std::move(source)),
      owner_(random_name()),
      progress_reader_(address, client, source_) {}

template <class Step>
Result<> KafkaReplayWriter::keep_trying(Step step) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto done = step(deadline);
    if (done || done.error().code != Errc::unavailable) return done;
    if (std::chrono::steady_clock::now() >= deadline) return done;
    std::this_thread::sleep_for(pause);
  }
}

Result<std::map<TopicPartition, std::int64_t>> KafkaReplayWriter::progress() {
  TL_TRY(keep_trying([&](Deadline deadline) { return open(deadline); }));
  return taken_;
}

Result<> KafkaReplayWriter::append(std::span<const NewRecord> records) {
  if (!batch_open_) {
    TL_TRY(check_topics(records, topics_));
    batch_ = records;
    batch_open_ = true;
  } else if (records.data() != batch_.data() || records.size() != batch_.size()) {
    return make_error(Errc::invalid_argument, "the last batch of records has not been finished");
  }
  auto done = keep_trying([&](Deadline deadline) { return append_once(records, deadline); });
  if (done || done.error().code != Errc::unavailable) batch_open_ = false;
  return done;
}

Result<> KafkaReplayWriter::append_once(std::span<const NewRecord> records, Deadline deadline) {
  TL_TRY(open(deadline));
  if (stage_ == Stage::idle) {
    TL_TRY(begin(records));
    if (stage_ == Stage::idle) return {};  // all of it is in the log
  }
  if (stage_ == Stage::sending) TL_TRY(send());
  TL_TRY(commit(deadline));
  for (const auto& [where, n] : takes_to_) taken_[where] = n;
  stage_ = Stage::idle;
  return {};
}

Result<> KafkaReplayWriter::open(Deadline deadline) {
  if (stage_ == Stage::closed) {
    // Before another initialisation, which would throw out who has thrown us out.
    if (claimed_) {
      TL_ASSIGN(const auto state, progress_reader_.read(deadline));
      TL_TRY(check_owner(state));
    }
    TL_ASSIGN(producer_,
              KafkaProducer::open(
                  address_,
                  {{"transactional.id", fmt::format("tradelake-replay-{}", source_)},
                   {"transaction.timeout.ms", fmt::to_string(transaction_timeout.count())}},
                  "replay_writer", deliveries_));
    stage_ = Stage::initialising;
  }
  if (stage_ == Stage::initialising) {
    TL_TRY(outcome(rd_kafka_init_transactions(producer_->get(), left_ms(deadline))));
    TL_TRY(outcome(rd_kafka_begin_transaction(producer_->get())));
    deliveries_.begin(1);
    TL_ASSIGN(const bool taken,
              producer_->hand_over(replay_progress_topic, owner_key(source_), owner_, 0));
    if (!taken) return make_error(Errc::unavailable, "the queue of a new producer is full");
    stage_ = Stage::claiming;
  }
  if (stage_ == Stage::claiming) {
    TL_TRY(commit(deadline));
    claimed_ = true;
    stage_ = Stage::reading;
  }
  if (stage_ == Stage::reading) {
    TL_ASSIGN(auto state, progress_reader_.read(deadline));
    TL_TRY(check_owner(state));
    taken_ = std::move(state.taken);
    stage_ = Stage::idle;
  }
  return {};
}

Result<> KafkaReplayWriter::check_owner(const ReplayState& state) const {
  if (state.owner == owner_) return {};
  return make_error(Errc::fenced,
                    "another replay of the same file has taken over (source {}); this one stops",
                    source_);
}

Result<> KafkaReplayWriter::begin(std::span<const NewRecord> records) {
  wanted_.clear();
  takes_to_.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const TopicPartition where{std::string(records[i].topic), partition_of(records[i].key)};
    const auto taken = taken_.find(where);
    if (taken != taken_.end() && records[i].source_n <= taken->second) continue;
    wanted_.push_back(i);
    auto& to = takes_to_.try_emplace(where, records[i].source_n).first->second;
    to = std::max(to, records[i].source_n);
  }
  if (wanted_.empty()) return {};
  deliveries_.begin(wanted_.size() + takes_to_.size());
  next_ = 0;
  TL_TRY(outcome(rd_kafka_begin_transaction(producer_->get())));
  stage_ = Stage::sending;
  return {};
}

Result<> KafkaReplayWriter::send() {
  auto progress =
      std::next(takes_to_.begin(),
                static_cast<std::ptrdiff_t>(std::max(next_, wanted_.size()) - wanted_.size()));
  while (next_ < wanted_.size() + takes_to_.size()) {
    const bool is_record = next_ < wanted_.size();
    auto taken = is_record ? producer_->hand_over(batch_[wanted_[next_]], source_, next_)
                           : producer_->hand_over(replay_progress_topic,
                                                  progress_key(source_, progress->first),
                                                  fmt::to_string(progress->second), next_);
    if (!taken) {
      if (taken.error().code == Errc::unavailable) close();
      return std::unexpected(std::move(taken).error());
    }
    if (!*taken) {
      producer_->flush(at_once);
      return make_error(Errc::unavailable, "the queue of the producer is full");
    }
    if (!is_record) ++progress;
    ++next_;
  }
  stage_ = Stage::committing;
  return {};
}

Result<> KafkaReplayWriter::commit(Deadline deadline) {
  producer_->flush(std::chrono::milliseconds(left_ms(deadline)));
  if (!deliveries_.all_durable() && !deliveries_.any_failed()) {
    return make_error(Errc::unavailable, "kafka://{} has not acknowledged all records yet",
                      address_.bootstrap());
  }
  return outcome(
      rd_kafka_commit_transaction(producer_->get(), static_cast<int>(commit_timeout.count())));
}

Result<> KafkaReplayWriter::outcome(rd_kafka_error_s* error) {
  if (error == nullptr) return {};
  const std::unique_ptr<rd_kafka_error_t, decltype(&rd_kafka_error_destroy)> owned(
      error, rd_kafka_error_destroy);
  const std::string reason = rd_kafka_error_string(error);
  if (rd_kafka_error_is_retriable(error))
    return make_error(Errc::unavailable, "kafka://{}: {}", address_.bootstrap(), reason);
  // What went wrong with a record explains more than that its transaction failed.
  const int code = deliveries_.any_failed() ? deliveries_.last_error() : rd_kafka_error_code(error);
  close();
  if (is_permanent(code)) {
    if (!names_a_missing_topic(code))
      return make_error(Errc::io, "cannot write to the log: {}", kafka_text(code));
    TL_TRY(check_topics_are_there(address_, topics_));
  }
  spdlog::warn("event=kafka_transaction_again error=\"{}\"", reason);
  return make_error(Errc::unavailable, "kafka://{}: {}", address_.bootstrap(), reason);
}

void KafkaReplayWriter::close() {
  producer_.reset();
  stage_ = Stage::closed;
}

}  // namespace tradelake::log
