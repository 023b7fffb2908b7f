#include "log/kafka_offsets.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <librdkafka/rdkafka.h>

#include "core/time.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 1'000ms, pause = 20ms;  // the thread that waits for signals asks too

struct Destroy {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy>;
using Deadline = std::chrono::steady_clock::time_point;

bool is_missing(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

// A look-up by time takes Kafka's two special times as well, and asks for all partitions at once.
rd_kafka_resp_err_t ask_once(KafkaClient& client, rd_kafka_topic_partition_list_t& list,
                             Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  const auto code = rd_kafka_offsets_for_times(
      client.get(), &list, static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  for (int i = 0; i < list.cnt; ++i)
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list.elems[i].err;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Of each partition the first offset at or after `time_ms`, or Kafka's special time.
Result<std::map<TopicPartition, std::int64_t>> look_up(
    KafkaClient& client, const std::vector<TopicPartition>& partitions, std::int64_t time_ms) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const List list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
    for (const auto& [topic, partition] : partitions)
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = time_ms;
    const auto code = ask_once(client, *list, deadline);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      std::map<TopicPartition, std::int64_t> found;
      for (int i = 0; i < list->cnt; ++i)
        found[{list->elems[i].topic, list->elems[i].partition}] = list->elems[i].offset;
      return found;
    }
    // A topic that has just been made has no leader yet, or one that does not know it is.
    if (std::chrono::steady_clock::now() + pause >= deadline) {
      return make_error(is_missing(code) ? Errc::not_found : Errc::unavailable,
                        "cannot learn the log's offsets: {}", kafka_text(code));
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<std::map<TopicPartition, OffsetRange>> query_offsets(
    KafkaClient& client, const std::vector<TopicPartition>& partitions) {
  std::map<TopicPartition, OffsetRange> found;
  if (partitions.empty()) return found;
  TL_ASSIGN(const auto starts, look_up(client, partitions, RD_KAFKA_OFFSET_BEGINNING));
  TL_ASSIGN(const auto ends, look_up(client, partitions, RD_KAFKA_OFFSET_END));
  for (const auto& [where, start] : starts) found[where] = {start, ends.at(where)};
  return found;
}

Result<std::map<TopicPartition, std::int64_t>> query_offsets_since(
    KafkaClient& client, const std::vector<TopicPartition>& partitions, std::int64_t time_us) {
  if (partitions.empty()) return std::map<TopicPartition, std::int64_t>();
  TL_ASSIGN(auto found, look_up(client, partitions, time_us / us_per_ms));
  std::erase_if(found, [](const auto& entry) { return entry.second < 0; });
  return found;
}

}  // namespace tradelake::log
