#include "log/declared_topics.h"
#include "log/kafka_client.h"
#include "log/kafka_offsets.h"
#include "log/kafka_release.h"
#include "log/kafka_topics.h"
#include "log/kafka_wire.h"
#include "log/log_view.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

class KafkaLogView : public LogView {
 public:
  KafkaLogView(KafkaAddress address, std::unique_ptr<KafkaClient> client)
      : address_(std::move(address)), client_(std::move(client)) {}

  Result<std::string> description() override {
    TL_ASSIGN(const auto cluster, ask_cluster(address_, {}));
    return fmt::format("{}, cluster {}, {} broker{}", release(), cluster.cluster_id,
                       cluster.brokers, cluster.brokers == 1 ? "" : "s");
  }

  Result<std::vector<TopicInfo>> topics() override {
    TL_ASSIGN(const auto found, ask_for_topics(address_, frame_topics()));
    std::vector<TopicInfo> topics;
    for (const auto& topic : found) {
      if (topic.error == 0) topics.push_back({topic.name, topic.id, topic.partitions});
    }
    return topics;
  }

  Result<LogRanges> offsets() override {
    TL_ASSIGN(const auto topics, this->topics());
    std::vector<TopicPartition> partitions;
    for (const auto& topic : topics) {
      for (std::int32_t partition = 0; partition < topic.partitions; ++partition)
        partitions.push_back({topic.name, partition});
    }
    return query_offsets(*client_, partitions);
  }

  Result<std::vector<TopicPartition>> waiting_since(std::int64_t appended_before_us,
                                                    const NextOffsets& next) override {
    std::vector<TopicPartition> partitions;
    for (const auto& [where, offset] : next) partitions.push_back(where);
    TL_ASSIGN(const auto since, query_offsets_since(*client_, partitions, appended_before_us));
    std::vector<TopicPartition> waiting;
    for (const auto& [where, offset] : next) {
      const auto first = since.find(where);
      // Without one, nothing at all was appended since then.
      if (first == since.end() || offset < first->second) waiting.push_back(where);
    }
    return waiting;
  }

 private:
  std::string release() const {
    constexpr std::int32_t correlation_id = 2;
    constexpr std::chrono::milliseconds patience{1'000};
    const auto answer =
        ask_a_broker(address_, encode_api_versions_request(correlation_id), patience);
    const auto level =
        answer ? decode_metadata_level(*answer, correlation_id) : std::unexpected(answer.error());
    return level ? kafka_release(*level) : "a Kafka that does not tell its version";
  }

  KafkaAddress address_;
  std::unique_ptr<KafkaClient> client_;
};

}  // namespace

Result<std::unique_ptr<LogView>> view_kafka_log(const std::string& address) {
  TL_ASSIGN(auto parsed, parse_kafka_address(address));
  TL_ASSIGN(auto client, KafkaClient::open(KafkaClient::Role::consumer, parsed,
                                           {{"isolation.level", "read_uncommitted"}}, "doctor"));
  return std::make_unique<KafkaLogView>(std::move(parsed), std::move(client));
}

}  // namespace tradelake::log
