#include "log/kafka_reader.h"

#include <array>
#include <optional>
#include <set>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "log/kafka_chunks.h"
#include "log/kafka_client.h"
#include "log/kafka_nudge.h"
#include "log/kafka_topics.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

constexpr std::size_t messages_at_once = 2'000;
constexpr std::size_t queue_bytes = 16 << 20;  // what librdkafka keeps ahead of us, unpacked
constexpr std::size_t partition_fetch_bytes = 1 << 20;  // packed; a larger batch comes alone
constexpr std::size_t fetch_bytes = 4 << 20;
constexpr std::chrono::seconds topics_every{5};  // of silence

struct Destroy {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};

using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy>;

PartitionList list_of(const std::map<TopicPartition, std::int64_t>& offsets) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [where, offset] : offsets)
    rd_kafka_topic_partition_list_add(list.get(), where.topic.c_str(), where.partition)->offset =
        offset;
  return list;
}

class KafkaReader : public Reader, private Rebalances {
 public:
  explicit KafkaReader(KafkaAddress address) : address_(std::move(address)) {}

  ~KafkaReader() override {
    const bool in_group = std::exchange(member_, nullptr) != nullptr;
    nudge_.reset();
    queue_.reset();
    if (in_group) KafkaClient::leave_group(std::move(client_));
  }

  // `group` empty: none.
  Result<> open(const std::string& group) {
    constexpr auto kbytes = [](std::size_t bytes) { return fmt::to_string(bytes >> 10); };
    KafkaSettings settings{
        // librdkafka wants a name where offsets could be stored, even where none are.
        {"group.id", group.empty() ? "tradelake" : group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {"check.crcs", "true"},
        {"queued.max.messages.kbytes", kbytes(queue_bytes)},
        {"fetch.message.max.bytes", fmt::to_string(partition_fetch_bytes)},
        {"fetch.max.bytes", fmt::to_string(fetch_bytes)},
        {"receive.message.max.bytes", fmt::to_string(fetch_bytes + 2 * max_batch_bytes)},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"}};
    if (!group.empty()) {
      settings.insert(settings.end(), {{"partition.assignment.strategy", "cooperative-sticky"},
                                       {"session.timeout.ms", "6000"},
                                       {"heartbeat.interval.ms", "1500"},
                                       // Who waits for its catalog does not poll; after this time
                                       // its partitions are given to others.
                                       {"max.poll.interval.ms", "300000"}});
    } else {
      settings.emplace_back("max.poll.interval.ms", "86400000");
    }
    nudge_.reset();
    TL_ASSIGN(client_, KafkaClient::open(KafkaClient::Role::consumer, address_, settings, "reader",
                                         nullptr, group.empty() ? nullptr : this));
    queue_.reset(rd_kafka_queue_get_consumer(client_->get()));
    rd_kafka_poll_set_consumer(client_->get());
    nudge_ = std::make_unique<KafkaNudge>(client_->get());
    return {};
  }

  void assign(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    chunks_.assign(next_offsets);
    std::set<std::string, std::less<>> topics;
    for (const auto& [where, offset] : next_offsets) topics.insert(where.topic);
    watch_topics(std::move(topics));
    next_nudge_bytes_ = queue_bytes / 2;
    rd_kafka_assign(client_->get(), list_of(next_offsets).get());
  }

  Result<> join(const std::string& group, std::span<const std::string> topics,
                GroupMember& member) override {
    queue_.reset();
    TL_TRY(open(group));
    member_ = &member;
    chunks_.assign({});
    watch_topics({topics.begin(), topics.end()});
    next_nudge_bytes_ = queue_bytes / 2;
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
    for (const auto& topic : topics)
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (const auto code = rd_kafka_subscribe(client_->get(), list.get()))
      return make_error(Errc::io, "cannot join the group {}: {}", group, kafka_text(code));
    return {};
  }

  // Taken out and put in again: that also drops what librdkafka has fetched already.
  void seek(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    std::vector<TopicPartition> partitions;
    for (const auto& [where, offset] : next_offsets) partitions.push_back(where);
    chunks_.remove(partitions);
    chunks_.add(next_offsets);
    const auto list = list_of(next_offsets);
    ignore(rd_kafka_incremental_unassign(client_->get(), list.get()));
    ignore(rd_kafka_incremental_assign(client_->get(), list.get()));
  }

  void tell_committed(const std::map<TopicPartition, std::int64_t>& next_offsets) override {
    if (member_ != nullptr) rd_kafka_commit(client_->get(), list_of(next_offsets).get(), 1);
  }

  bool shares() const override { return member_ != nullptr; }

  Result<Chunk> poll(std::chrono::milliseconds wait) override {
    const auto deadline = std::chrono::steady_clock::now() + wait;
    while (true) {
      if (auto chunk = chunks_.take()) return *std::move(chunk);
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      TL_ASSIGN(const bool any, fetch(static_cast<int>(std::max<std::int64_t>(left.count(), 0))));
      if (any) continue;
      TL_TRY(look_at_topics());
      if (std::chrono::steady_clock::now() >= deadline) return Chunk{};
    }
  }

 private:
  static void ignore(rd_kafka_error_t* error) {
    if (error != nullptr) rd_kafka_error_destroy(error);
  }

  void rebalance(int code, rd_kafka_topic_partition_list_t* list) override {
    rebalanced_ = true;
    std::vector<TopicPartition> partitions;
    for (int i = 0; i < list->cnt; ++i)
      partitions.push_back({list->elems[i].topic, list->elems[i].partition});
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      if (member_ != nullptr) take(partitions, *list);
      ignore(rd_kafka_incremental_assign(client_->get(), list));
      return;
    }
    const bool lost = rd_kafka_assignment_lost(client_->get()) == 1;
    if (member_ != nullptr) member_->give_up(partitions, lost);
    chunks_.remove(partitions);
    ignore(rd_kafka_incremental_unassign(client_->get(), list));
  }

  void take(std::span<const TopicPartition> partitions, rd_kafka_topic_partition_list_t& list) {
    auto offsets = member_->take(partitions);
    if (!offsets) {
      refused_ = std::move(offsets).error();
      return;
    }
    std::map<TopicPartition, std::int64_t> next_offsets;
    for (int i = 0; i < list.cnt; ++i) {
      const auto& where = partitions[static_cast<std::size_t>(i)];
      list.elems[i].offset = next_offsets[where] = offsets->at(where);
    }
    chunks_.add(next_offsets);
  }

  // Whether there was anything at all.
  Result<bool> fetch(int wait_ms) {
    rebalanced_ = false;
    std::array<rd_kafka_message_t*, messages_at_once> messages;
    // A batch waits until it is full, so only the first message is waited for.
    auto count = rd_kafka_consume_batch_queue(queue_.get(), wait_ms, messages.data(), 1);
    if (refused_) return std::unexpected(*refused_);
    if (count <= 0) return false;
    const auto more =
        rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data() + 1, messages.size() - 1);
    count += std::max<ssize_t>(more, 0);
    const std::span got(messages.data(), static_cast<std::size_t>(count));
    Result<> good;
    if (refused_) good = std::unexpected(*refused_);
    // What was got before partitions came or went may be from where they stood then: once more.
    if (rebalanced_) {
      for (auto* message : got) rd_kafka_message_destroy(message);
      TL_TRY(good);
      seek(chunks_.next_offsets());
      return true;
    }
    for (const auto* message : got) {
      if (good) good = take(*message);
    }
    chunks_.finish();
    if (chunks_.bytes() >= next_nudge_bytes_) nudge(*got.back());
    for (auto* message : got) rd_kafka_message_destroy(message);
    TL_TRY(good);
    next_look_ = std::chrono::steady_clock::now() + topics_every;
    return true;
  }

  Result<> take(const rd_kafka_message_t& message) {
    switch (message.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        client_->reachability().found();
        chunks_.add(message);
        return {};
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        client_->reachability().found();
        chunks_.reached(message);
        return {};
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return make_error(Errc::not_found, "offset {} of {}/{} is not in the log: {}",
                          message.offset, topic_of(message), message.partition,
                          rd_kafka_message_errstr(&message));
      case RD_KAFKA_RESP_ERR__BAD_MSG:
      case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return make_error(Errc::corrupt, "{}/{} at offset {}: {}", topic_of(message),
                          message.partition, message.offset, rd_kafka_message_errstr(&message));
      default:
        // A broker that is away or still loading what it has; librdkafka tries again.
        return {};
    }
  }

  void watch_topics(std::set<std::string, std::less<>> topics) {
    topics_ = std::move(topics);
    next_look_ = std::chrono::steady_clock::now() + topics_every;
  }

  // librdkafka says nothing when a topic that it reads is deleted: it stays silent.
  Result<> look_at_topics() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return {};
    next_look_ = now + topics_every;
    return check_topics_are_there(address_, topics_);
  }

  static std::string_view topic_of(const rd_kafka_message_t& message) {
    return message.rkt == nullptr ? "?" : rd_kafka_topic_name(message.rkt);
  }

  // Each time half a queue was taken.
  void nudge(const rd_kafka_message_t& last) {
    next_nudge_bytes_ = chunks_.bytes() + queue_bytes / 2;
    if (last.rkt != nullptr) nudge_->ask({rd_kafka_topic_name(last.rkt), last.partition});
  }

  KafkaAddress address_;
  GroupMember* member_ = nullptr;
  std::unique_ptr<KafkaClient> client_;
  std::unique_ptr<rd_kafka_queue_t, Destroy> queue_;
  bool rebalanced_ = false;       // in this call of fetch()
  std::optional<Error> refused_;  // partitions could not be taken
  KafkaChunks chunks_;
  std::size_t next_nudge_bytes_ = 0;
  std::unique_ptr<KafkaNudge> nudge_;
  std::set<std::string, std::less<>> topics_;  // that have to be there
  std::chrono::steady_clock::time_point next_look_;
};

}  // namespace

Result<std::unique_ptr<Reader>> open_kafka_reader(const KafkaAddress& address) {
  auto reader = std::make_unique<KafkaReader>(address);
  TL_TRY(reader->open(""));
  return reader;
}

}  // namespace tradelake::log
