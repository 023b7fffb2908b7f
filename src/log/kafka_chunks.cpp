#include "log/kafka_chunks.h"

#include <algorithm>
#include <cstring>

#include <librdkafka/rdkafka.h>

#include "log/kafka_headers.h"

namespace tradelake::log {
namespace {

constexpr std::size_t padding_bytes = 64;

std::string_view copy(std::string_view text, char*& to) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  const std::string_view copied(to, text.size());
  to += text.size();
  return copied;
}

std::string_view view(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

void KafkaChunks::assign(const std::map<TopicPartition, std::int64_t>& next_offsets) {
  partitions_.clear();
  ready_.clear();
  bytes_ = 0;
  add(next_offsets);
}

void KafkaChunks::add(const std::map<TopicPartition, std::int64_t>& next_offsets) {
  last_ = nullptr;
  for (const auto& [where, offset] : next_offsets) {
    auto& partition = partitions_.emplace_back();
    partition.where = where;
    partition.next_offset = offset;
  }
}

void KafkaChunks::remove(std::span<const TopicPartition> partitions) {
  last_ = nullptr;
  const auto is_gone = [&](const TopicPartition& where) {
    return std::ranges::find(partitions, where) != partitions.end();
  };
  std::erase_if(partitions_, [&](const Partition& one) { return is_gone(one.where); });
  std::erase_if(ready_, [&](const Chunk& chunk) { return is_gone(chunk.where); });
}

KafkaChunks::Partition* KafkaChunks::find(const rd_kafka_message_s& message) {
  const auto same = [&](const Partition& partition) {
    return partition.topic == message.rkt && partition.where.partition == message.partition;
  };
  if (last_ != nullptr && same(*last_)) return last_;
  auto found = std::ranges::find_if(partitions_, same);
  if (found == partitions_.end()) {
    const std::string_view topic = rd_kafka_topic_name(message.rkt);
    found = std::ranges::find_if(partitions_, [&](const Partition& partition) {
      return partition.where.topic == topic && partition.where.partition == message.partition;
    });
    if (found == partitions_.end()) return nullptr;
    found->topic = message.rkt;
  }
  last_ = &*found;
  return last_;
}

void KafkaChunks::add(const rd_kafka_message_s& message) {
  auto* partition = find(message);
  if (partition == nullptr || message.offset < partition->next_offset) return;
  const auto headers = from_kafka_headers(message, partition->where.topic);
  partition->size += message.key_len + message.len + headers.category.size() + headers.conn.size();
  bytes_ += message.key_len + message.len;
  partition->messages.push_back({&message, headers});
  partition->next_offset = message.offset + 1;
}

void KafkaChunks::reached(const rd_kafka_message_s& message) {
  auto* partition = find(message);
  if (partition == nullptr || message.offset <= partition->next_offset) return;
  partition->next_offset = message.offset;
  partition->moved = true;
}

void KafkaChunks::finish() {
  for (auto& partition : partitions_) {
    if (partition.messages.empty() && !partition.moved) continue;
    Chunk chunk{partition.where, {}, partition.next_offset, nullptr};
    const std::shared_ptr<char[]> memory(new char[partition.size + padding_bytes]);
    char* to = memory.get();
    chunk.records.reserve(partition.messages.size());
    for (const auto& [message, headers] : partition.messages) {
      auto& record = chunk.records.emplace_back();
      record.offset = message->offset;
      record.headers = headers;
      record.headers.category = copy(headers.category, to);
      record.headers.conn = copy(headers.conn, to);
      record.key = copy(view(message->key, message->key_len), to);
      record.value = copy(view(message->payload, message->len), to);
    }
    std::memset(to, 0, padding_bytes);
    chunk.memory = memory;
    ready_.push_back(std::move(chunk));
    partition.messages.clear();
    partition.size = 0;
    partition.moved = false;
  }
}

std::map<TopicPartition, std::int64_t> KafkaChunks::next_offsets() const {
  std::map<TopicPartition, std::int64_t> offsets;
  for (const auto& partition : partitions_) offsets[partition.where] = partition.next_offset;
  return offsets;
}

std::optional<Chunk> KafkaChunks::take() {
  if (ready_.empty()) return std::nullopt;
  auto chunk = std::move(ready_.front());
  ready_.pop_front();
  return chunk;
}

}  // namespace tradelake::log
