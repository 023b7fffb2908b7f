#include "log/declared_topics.h"

#include "log/kafka_topics.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

Result<std::unique_ptr<KafkaClient>> open_client(const KafkaAddress& address) {
  return KafkaClient::open(KafkaClient::Role::producer, address, {}, "topics");
}

}  // namespace

Result<std::vector<TopicState>> compare_topics(const KafkaAddress& address) {
  const auto declared = declared_topics();
  std::vector<std::string> names;
  for (const auto& topic : declared) names.push_back(topic.name);
  TL_ASSIGN(const auto found, ask_for_topics(address, names));
  TL_ASSIGN(const auto client, open_client(address));
  std::vector<TopicState> states;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    auto& state = states.emplace_back();
    state.name = declared[i].name;
    state.missing = found[i].error == kafka_unknown_topic;
    state.declared_partitions = declared[i].partitions;
    state.partitions = found[i].partitions;
    if (state.missing) continue;
    TL_ASSIGN(state.drift, topic_drift(*client, declared[i]));
  }
  return states;
}

Result<> apply_topics(const KafkaAddress& address) {
  TL_ASSIGN(const auto states, compare_topics(address));
  TL_ASSIGN(const auto client, open_client(address));
  std::vector<TopicDeclaration> missing;
  for (const auto& state : states) {
    auto declared = declaration_of(state.name);
    if (state.missing) {
      missing.push_back(std::move(declared));
    } else if (!state.drift.empty()) {
      TL_TRY(apply_settings(*client, declared));
    }
  }
  return create_topics(*client, address, missing);
}

}  // namespace tradelake::log
