#include "log/kafka_live_writer.h"

#include <spdlog/spdlog.h>

#include "log/kafka_topics.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 1'000ms, at_once = 100ms;

}  // namespace

Result<> check_topics(std::span<const NewRecord> records, const TopicNames& topics) {
  for (const auto& record : records) {
    if (!topics.contains(record.topic)) {
      return make_error(Errc::invalid_argument, "topic {} is not declared in the log",
                        record.topic);
    }
  }
  return {};
}

Result<> KafkaLiveWriter::append(std::span<const NewRecord> records) {
  TL_TRY(begin(records));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto done = hand_over();
    if (done) {
      producer_->flush(at_once);
      done = look_at_failures();
    }
    if (!done) {
      if (producer_) producer_->give_up();
      open_ = false;
      return done;
    }
    if (deliveries_.all_durable()) {
      open_ = false;
      return {};
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return make_error(Errc::unavailable, "kafka://{} has not acknowledged all records yet",
                        address_.bootstrap());
    }
  }
}

Result<> KafkaLiveWriter::begin(std::span<const NewRecord> records) {
  if (!open_) {
    TL_TRY(check_topics(records, topics_));
    deliveries_.begin(records.size());
    batch_ = records;
    next_ = 0;
    open_ = true;
  }
  if (records.data() == batch_.data() && records.size() == batch_.size()) return {};
  return make_error(Errc::invalid_argument, "the last batch of records has not been finished");
}

Result<> KafkaLiveWriter::hand_over() {
  if (!producer_) {
    // No time limit of ours: the records stay queued until a broker takes them.
    TL_ASSIGN(producer_, KafkaProducer::open(address_, {{"message.timeout.ms", "0"}}, "live_writer",
                                             deliveries_));
  }
  for (; next_ < batch_.size(); ++next_) {
    if (deliveries_.state(next_) != Delivery::waiting) continue;
    auto taken = producer_->hand_over(batch_[next_], "", next_);
    if (!taken && taken.error().code == Errc::unavailable) return {};  // fatal: seen below
    if (!taken) return std::unexpected(std::move(taken).error());
    if (!*taken) return {};
    deliveries_.handed_over(next_);
  }
  return {};
}

Result<> KafkaLiveWriter::look_at_failures() {
  if (auto reason = producer_->fatal_error(); !reason.empty()) {
    replace_producer(reason);
    return {};
  }
  if (!deliveries_.any_failed()) return {};
  const int code = deliveries_.last_error();
  if (is_permanent(code)) {
    // A broker that has just started may not know its topics yet.
    if (!names_a_missing_topic(code))
      return make_error(Errc::io, "cannot write to the log: {}", kafka_text(code));
    TL_TRY(check_topics_are_there(address_, topics_));
  }
  deliveries_.forget_errors();
  next_ = 0;
  return {};
}

void KafkaLiveWriter::replace_producer(std::string_view reason) {
  spdlog::warn("event=kafka_producer_replaced error=\"{}\"", reason);
  producer_->give_up();
  producer_.reset();
  deliveries_.forget_handed_over();
  deliveries_.forget_errors();
  next_ = 0;
}

}  // namespace tradelake::log
