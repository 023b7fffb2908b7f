// Messages of librdkafka as chunks: grouped by partition, copied out of its buffers.
//
// Threads: one. Invariants: a chunk's views live in its own memory, and 64 readable bytes follow
// each value; only offsets at or after the position of the partition come out, so a message that is
// delivered again is not. Does not: poll. Internal to src/log.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "log/log.h"

struct rd_kafka_message_s;
struct rd_kafka_topic_s;

namespace tradelake::log {

class KafkaChunks {
 public:
  // Where each partition is read next; forgets all messages.
  void assign(const std::map<TopicPartition, std::int64_t>& next_offsets);

  // Partitions more, or fewer: what was not taken of those is forgotten.
  void add(const std::map<TopicPartition, std::int64_t>& next_offsets);
  void remove(std::span<const TopicPartition> partitions);

  void add(const rd_kafka_message_s& message);
  // The partition has nothing (that is committed) before this offset any more.
  void reached(const rd_kafka_message_s& message);
  // Copies what was added; from then on the messages may go.
  void finish();

  // Where each partition goes on, after what was added.
  std::map<TopicPartition, std::int64_t> next_offsets() const;

  // A chunk that has records or moves on; nothing if there is none.
  std::optional<Chunk> take();
  // Bytes of keys and values that were added since assign().
  std::size_t bytes() const { return bytes_; }

 private:
  struct Message {
    const rd_kafka_message_s* message;
    Headers headers;
  };
  struct Partition {
    const rd_kafka_topic_s* topic = nullptr;  // as last seen: comparing names takes longer
    TopicPartition where;
    std::int64_t next_offset = 0;
    std::vector<Message> messages;
    std::size_t size = 0;  // of what is to be copied
    bool moved = false;
  };
  Partition* find(const rd_kafka_message_s& message);

  std::vector<Partition> partitions_;
  Partition* last_ = nullptr;
  std::deque<Chunk> ready_;
  std::size_t bytes_ = 0;
};

}  // namespace tradelake::log
