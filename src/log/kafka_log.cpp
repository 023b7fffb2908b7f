#include "log/kafka_log.h"

#include <mutex>
#include <optional>

#include "log/kafka_live_writer.h"
#include "log/kafka_offsets.h"
#include "log/kafka_reader.h"
#include "log/kafka_replay_writer.h"
#include "log/kafka_topics.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

class KafkaWriter : public Writer {
 public:
  KafkaWriter(const KafkaAddress& address, std::shared_ptr<KafkaClient> client,
              const TopicNames& topics)
      : address_(address), client_(std::move(client)), topics_(topics), live_(address, topics) {}

  Result<> append(std::span<const NewRecord> records, std::string_view source) override {
    return source.empty() ? live_.append(records) : of(source).append(records);
  }
  Result<std::map<TopicPartition, std::int64_t>> source_progress(std::string_view source) override {
    return of(source).progress();
  }

 private:
  KafkaReplayWriter& of(std::string_view source) {
    if (!replay_ || replay_->source() != source)
      replay_.emplace(address_, *client_, topics_, std::string(source));
    return *replay_;
  }

  KafkaAddress address_;
  std::shared_ptr<KafkaClient> client_;
  TopicNames topics_;
  KafkaLiveWriter live_;
  std::optional<KafkaReplayWriter> replay_;
};

class KafkaLog : public Log {
 public:
  KafkaLog(KafkaAddress address, std::shared_ptr<KafkaClient> client)
      : address_(std::move(address)), client_(std::move(client)) {}

  Result<> ensure_topics(std::span<const std::string> names) override {
    std::vector<std::string> wanted(names.begin(), names.end());
    wanted.emplace_back(replay_progress_topic);
    TL_ASSIGN(const auto found, ask_for_topics(address_, wanted));
    std::vector<TopicDeclaration> missing;
    for (const auto& topic : found) {
      auto declared = declaration_of(topic.name);
      if (topic.error == kafka_unknown_topic) {
        missing.push_back(std::move(declared));
      } else if (topic.error == 0 && topic.partitions != declared.partitions) {
        return make_error(Errc::corrupt,
                          "topic {} has {} partitions, not {}: a market's trades would be in more "
                          "than one. Move its records to a topic made by tradelake",
                          topic.name, topic.partitions, declared.partitions);
      }
    }
    TL_TRY(create_topics(*client_, address_, missing));
    const std::lock_guard lock(mutex_);
    names_.insert(names.begin(), names.end());
    return {};
  }

  Result<std::vector<TopicInfo>> topics() override {
    const auto names = this->names();
    const std::vector<std::string> list(names.begin(), names.end());
    TL_ASSIGN(const auto found, ask_for_topics(address_, list));
    std::vector<TopicInfo> topics;
    for (const auto& topic : found) {
      if (topic.error != kafka_unknown_topic)
        topics.push_back({topic.name, topic.id, topic.partitions});
    }
    return topics;
  }

  Result<std::map<TopicPartition, OffsetRange>> offsets() override {
    std::vector<TopicPartition> partitions;
    for (const auto& name : names()) {
      for (std::int32_t partition = 0; partition < partitions_per_topic; ++partition)
        partitions.push_back({name, partition});
    }
    return query_offsets(*client_, partitions);
  }

  Result<std::unique_ptr<Writer>> writer() override {
    return std::make_unique<KafkaWriter>(address_, client_, names());
  }

  // A transaction takes some 50 ms, whatever is in it.
  std::size_t replay_batch_bytes() const override { return 8 << 20; }

  Result<std::unique_ptr<Reader>> reader() override { return open_kafka_reader(address_); }

  Result<> trim(std::int64_t, const std::map<TopicPartition, std::int64_t>&) override {
    return {};  // the topics' retention
  }

 private:
  TopicNames names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

  KafkaAddress address_;
  std::shared_ptr<KafkaClient> client_;  // for offsets and administration
  mutable std::mutex mutex_;
  TopicNames names_;
};

}  // namespace

Result<std::unique_ptr<Log>> open_kafka_log(const std::string& address) {
  TL_ASSIGN(auto parsed, parse_kafka_address(address));
  TL_ASSIGN(std::shared_ptr<KafkaClient> client,
            KafkaClient::open(KafkaClient::Role::consumer, parsed,
                              {{"isolation.level", "read_uncommitted"}}, "log"));
  return std::make_unique<KafkaLog>(std::move(parsed), std::move(client));
}

}  // namespace tradelake::log
