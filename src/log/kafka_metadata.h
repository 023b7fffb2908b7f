// Kafka's Metadata request, version 12, as bytes: the only one that tells a topic's id, which
// librdkafka 2.0 has no call for.
//
// Both directions without the length that goes before a message on the wire. Threads: functions.
// Invariant: decoding reads nothing beyond its bytes, whatever they are. Does not: connect.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace tradelake::log {

struct TopicMetadata {
  std::string name;
  std::string id;          // as Kafka prints it: base64url of the uuid
  std::int16_t error = 0;  // Kafka's code; 0: it is there
  std::int32_t partitions = 0;
  std::int32_t led = 0;  // of these, with a leader
};

struct ClusterMetadata {
  std::string cluster_id;
  std::int32_t brokers = 0;
  std::vector<TopicMetadata> topics;
};

inline constexpr std::int16_t kafka_unknown_topic = 3;

// Asks for these topics; never makes one.
std::string encode_metadata_request(std::span<const std::string> names,
                                    std::int32_t correlation_id);

// Errors: corrupt.
Result<ClusterMetadata> decode_metadata_response(std::string_view bytes,
                                                 std::int32_t correlation_id);

}  // namespace tradelake::log
