// Which Kafka a cluster runs as: the level of its feature `metadata.version`, which the ApiVersions
// request, version 3, tells. Brokers do not tell the version of their program.
//
// Both directions without the length that goes before a message on the wire. Threads: functions.
// Invariant: decoding reads nothing beyond its bytes, whatever they are. Does not: connect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace tradelake::log {

std::string encode_api_versions_request(std::int32_t correlation_id);

// 0: the cluster does not tell (with ZooKeeper, or before 3.3). Errors: corrupt.
Result<std::int16_t> decode_metadata_level(std::string_view bytes, std::int32_t correlation_id);

// "Kafka 4.3 (metadata.version 30)"
std::string kafka_release(std::int16_t metadata_level);

}  // namespace tradelake::log
