// The declared topics on a broker: what is there, how it differs, and making it so.
//
// Threads: any, on a client that is shared; blocks for some seconds at most. Does not: delete a
// topic, or change how many partitions one has: that would split a market.
#pragma once

#include <chrono>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/declared_topics.h"
#include "log/kafka_address.h"
#include "log/kafka_client.h"
#include "log/kafka_metadata.h"
#include "log/topic.h"

namespace tradelake::log {

inline constexpr std::chrono::milliseconds topic_patience{5'000};

// Topics in the order of `names`; one that is not there has error kafka_unknown_topic. Errors:
// unavailable, corrupt.
Result<ClusterMetadata> ask_cluster(const KafkaAddress& address, std::span<const std::string> names,
                                    std::chrono::milliseconds timeout = topic_patience);

// Only the topics.
Result<std::vector<TopicMetadata>> ask_for_topics(
    const KafkaAddress& address, std::span<const std::string> names,
    std::chrono::milliseconds timeout = topic_patience);

// Makes those that are missing and waits until each partition has a leader. Errors: unavailable,
// io.
Result<> create_topics(KafkaClient& client, const KafkaAddress& address,
                       std::span<const TopicDeclaration> topics);

// Errors: corrupt if a broker says that one of them is not there (any more); no broker that answers
// is no error.
Result<> check_topics_are_there(const KafkaAddress& address,
                                const std::set<std::string, std::less<>>& names);

// Settings that differ from the declaration of a topic that is there. Errors: unavailable, io.
Result<std::vector<TopicDrift>> topic_drift(KafkaClient& client, const TopicDeclaration& topic);

// Gives the topic its declared settings; others that were set on it stay. Errors: as above.
Result<> apply_settings(KafkaClient& client, const TopicDeclaration& topic);

}  // namespace tradelake::log
