#include "log/kafka_topics.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>

#include <librdkafka/rdkafka.h>

#include "log/kafka_wire.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
constexpr auto look_patience = 500ms;
constexpr auto until_led = 15'000ms, look_again = 50ms;

struct Destroy {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* one) const { rd_kafka_ConfigResource_destroy(one); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;
using Event = Owned<rd_kafka_event_t>;

std::unexpected<Error> refused(std::string_view doing, rd_kafka_resp_err_t code,
                               const char* reason) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      return make_error(Errc::unavailable, "cannot {}: {}", doing, reason);
    default:
      return make_error(Errc::io, "cannot {}: {}", doing, reason);
  }
}

// One administrative request: `send` gets the options and the queue where its answer arrives.
template <class Send>
Result<Event> ask(KafkaClient& client, rd_kafka_admin_op_t op, std::string_view doing, Send send) {
  const Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(client.get(), op));
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.get()));
  char error[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(topic_patience.count()),
                                            error, sizeof error);
  send(options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>((topic_patience * 2).count())));
  if (event == nullptr) return make_error(Errc::unavailable, "cannot {}: no answer", doing);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return refused(doing, code, rd_kafka_event_error_string(event.get()));
  return event;
}

template <class T>
std::vector<T*> pointers(const std::vector<Owned<T>>& owned) {
  std::vector<T*> raw;
  for (const auto& one : owned) raw.push_back(one.get());
  return raw;
}

struct Actual {
  std::string value;
  bool set_on_topic = false;  // rather than the broker's default
};
using ActualSettings = std::map<std::string, Actual, std::less<>>;

Owned<rd_kafka_ConfigResource_t> resource(const TopicDeclaration& topic) {
  return Owned<rd_kafka_ConfigResource_t>(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
}

Result<ActualSettings> describe(KafkaClient& client, const TopicDeclaration& topic) {
  const auto doing = fmt::format("read the settings of topic {}", topic.name);
  const auto owned = resource(topic);
  auto* raw = owned.get();
  TL_ASSIGN(const auto event,
            ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing, [&](auto* options, auto* queue) {
              rd_kafka_DescribeConfigs(client.get(), &raw, 1, options, queue);
            }));
  std::size_t count = 0;
  const auto** described = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) return make_error(Errc::io, "cannot {}: no answer", doing);
  if (const auto code = rd_kafka_ConfigResource_error(described[0]);
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return refused(doing, code, rd_kafka_ConfigResource_error_string(described[0]));
  ActualSettings settings;
  const auto** entry = rd_kafka_ConfigResource_configs(described[0], &count);
  for (std::size_t n = 0; n < count; ++n) {
    const char* value = rd_kafka_ConfigEntry_value(entry[n]);
    settings[rd_kafka_ConfigEntry_name(entry[n])] = {
        value == nullptr ? "" : value,
        rd_kafka_ConfigEntry_source(entry[n]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG};
  }
  return settings;
}

bool as_declared(const TopicSetting& declared, const std::string& actual) {
  if (actual == declared.value) return true;
  const auto number = [](const std::string& text) {
    std::int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  return declared.at_least && number(actual) > number(declared.value);
}

Result<> wait_until_led(const KafkaAddress& address, std::span<const TopicDeclaration> topics) {
  std::vector<std::string> names;
  for (const auto& topic : topics) names.push_back(topic.name);
  const auto deadline = std::chrono::steady_clock::now() + until_led;
  while (true) {
    TL_ASSIGN(const auto found, ask_for_topics(address, names));
    const bool all = std::ranges::all_of(found, [](const TopicMetadata& topic) {
      return topic.error == 0 && topic.led == topic.partitions;
    });
    if (all) return {};
    if (std::chrono::steady_clock::now() >= deadline)
      return make_error(Errc::unavailable, "the topics that were made have no leader yet");
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace

Result<ClusterMetadata> ask_cluster(const KafkaAddress& address, std::span<const std::string> names,
                                    std::chrono::milliseconds timeout) {
  constexpr std::int32_t correlation_id = 1;
  TL_ASSIGN(const auto answer,
            ask_a_broker(address, encode_metadata_request(names, correlation_id), timeout));
  TL_ASSIGN(auto cluster, decode_metadata_response(answer, correlation_id));
  std::vector<TopicMetadata> in_order;
  for (const auto& name : names) {
    const auto found = std::ranges::find(cluster.topics, name, &TopicMetadata::name);
    if (found == cluster.topics.end())
      return make_error(Errc::corrupt, "the broker's answer about topics lacks {}", name);
    in_order.push_back(*found);
  }
  cluster.topics = std::move(in_order);
  return cluster;
}

Result<std::vector<TopicMetadata>> ask_for_topics(const KafkaAddress& address,
                                                  std::span<const std::string> names,
                                                  std::chrono::milliseconds timeout) {
  TL_ASSIGN(auto cluster, ask_cluster(address, names, timeout));
  return std::move(cluster.topics);
}

Result<> check_topics_are_there(const KafkaAddress& address,
                                const std::set<std::string, std::less<>>& names) {
  const std::vector<std::string> list(names.begin(), names.end());
  const auto found = ask_for_topics(address, list, look_patience);
  if (!found) return {};
  for (const auto& topic : *found) {
    if (topic.error == kafka_unknown_topic)
      return make_error(Errc::corrupt, "topic {} is no longer in the log", topic.name);
  }
  return {};
}

Result<> create_topics(KafkaClient& client, const KafkaAddress& address,
                       std::span<const TopicDeclaration> topics) {
  if (topics.empty()) return {};
  std::vector<Owned<rd_kafka_NewTopic_t>> owned;
  char error[256] = "";
  for (const auto& topic : topics) {
    // The broker's default replication.
    owned.emplace_back(
        rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, -1, error, sizeof error));
    if (owned.back() == nullptr)
      return make_error(Errc::io, "cannot make topic {}: {}", topic.name, error);
    for (const auto& [name, value, at_least] : topic.settings)
      rd_kafka_NewTopic_set_config(owned.back().get(), std::string(name).c_str(), value.c_str());
  }
  auto raw = pointers(owned);
  TL_ASSIGN(
      const auto event,
      ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, "make topics", [&](auto* options, auto* queue) {
        rd_kafka_CreateTopics(client.get(), raw.data(), raw.size(), options, queue);
      }));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  const auto** made = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(made[i]);
    // Somebody else was faster.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* reason = rd_kafka_topic_result_error_string(made[i]);
    return refused(fmt::format("make topic {}", rd_kafka_topic_result_name(made[i])), code,
                   reason == nullptr ? rd_kafka_err2str(code) : reason);
  }
  return wait_until_led(address, topics);
}

Result<std::vector<TopicDrift>> topic_drift(KafkaClient& client, const TopicDeclaration& topic) {
  TL_ASSIGN(const auto described, describe(client, topic));
  std::vector<TopicDrift> drift;
  for (const auto& declared : topic.settings) {
    const auto found = described.find(declared.name);
    const auto actual = found == described.end() ? std::string() : found->second.value;
    if (!as_declared(declared, actual))
      drift.push_back({std::string(declared.name), declared.value, actual});
  }
  return drift;
}

Result<> apply_settings(KafkaClient& client, const TopicDeclaration& topic) {
  const auto doing = fmt::format("set the settings of topic {}", topic.name);
  TL_ASSIGN(const auto described, describe(client, topic));
  // The request replaces all settings of a topic, so those of others go into it too.
  std::map<std::string, std::string> wanted;
  for (const auto& [name, actual] : described)
    if (actual.set_on_topic) wanted[name] = actual.value;
  for (const auto& declared : topic.settings) {
    auto& value = wanted[std::string(declared.name)];
    if (!as_declared(declared, value)) value = declared.value;
  }
  const auto owned = resource(topic);
  for (const auto& [name, value] : wanted)
    rd_kafka_ConfigResource_set_config(owned.get(), name.c_str(), value.c_str());
  auto* raw = owned.get();
  TL_ASSIGN(const auto event,
            ask(client, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing, [&](auto* options, auto* queue) {
              rd_kafka_AlterConfigs(client.get(), &raw, 1, options, queue);
            }));
  std::size_t count = 0;
  const auto** altered = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(altered[i]);
        code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return refused(doing, code, rd_kafka_ConfigResource_error_string(altered[i]));
  }
  return {};
}

}  // namespace tradelake::log
