#include "log/kafka_nudge.h"

#include <utility>

#include <librdkafka/rdkafka.h>

namespace tradelake::log {
namespace {

constexpr int patience_ms = 100;

}  // namespace

KafkaNudge::KafkaNudge(rd_kafka_s* handle)
    : handle_(handle), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void KafkaNudge::ask(TopicPartition where) {
  {
    const std::lock_guard lock(mutex_);
    where_ = std::move(where);
  }
  asked_.notify_one();
}

void KafkaNudge::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    asked_.wait(lock, stop, [this] { return where_.has_value(); });
    if (!where_) return;
    const auto where = *std::exchange(where_, std::nullopt);
    lock.unlock();
    std::int64_t low = 0, high = 0;
    rd_kafka_query_watermark_offsets(handle_, where.topic.c_str(), where.partition, &low, &high,
                                     patience_ms);
  }
}

}  // namespace tradelake::log
