#include "log/kafka_metadata.h"

#include "log/kafka_bytes.h"

namespace tradelake::log {
namespace {

constexpr std::int16_t metadata_key = 3, metadata_version = 12;
constexpr std::size_t uuid_bytes = 16;
constexpr std::int32_t no_leader = -1;

std::string base64url(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) text += digits[bits >> (held - 6) & 63];
  }
  if (held > 0) text += digits[bits << (6 - held) & 63];
  return text;
}

TopicMetadata take_topic(KafkaInput& in) {
  TopicMetadata topic;
  topic.error = in.integer<std::int16_t>();
  topic.name = in.compact_string();
  topic.id = base64url(in.bytes(uuid_bytes));
  in.integer<std::int8_t>();  // internal
  for (auto left = in.compact_count(); left > 0; --left) {
    in.integer<std::int16_t>();  // error
    in.integer<std::int32_t>();  // number
    topic.led += in.integer<std::int32_t>() != no_leader;
    ++topic.partitions;
    in.integer<std::int32_t>();  // leader's epoch
    in.skip_int32s();            // replicas
    in.skip_int32s();            // of them in sync
    in.skip_int32s();            // of them offline
    in.skip_tags();
    if (in.failed()) break;
  }
  in.integer<std::int32_t>();  // operations that are allowed
  in.skip_tags();
  return topic;
}

}  // namespace

std::string encode_metadata_request(std::span<const std::string> names,
                                    std::int32_t correlation_id) {
  std::string out;
  put_request_header(out, metadata_key, metadata_version, correlation_id);
  put_varint(out, names.size() + 1);
  for (const auto& name : names) {
    out.append(uuid_bytes, '\0');
    put_varint(out, name.size() + 1);
    out += name;
    put_varint(out, 0);  // tags
  }
  put_int(out, std::int8_t{0});  // do not make what is missing
  put_int(out, std::int8_t{0});  // no list of operations
  put_varint(out, 0);            // tags
  return out;
}

Result<ClusterMetadata> decode_metadata_response(std::string_view bytes,
                                                 std::int32_t correlation_id) {
  KafkaInput in(bytes);
  const auto answered = in.integer<std::int32_t>();
  in.skip_tags();
  in.integer<std::int32_t>();  // throttled for
  ClusterMetadata cluster;
  for (auto left = in.compact_count(); left > 0 && !in.failed(); --left) {
    in.integer<std::int32_t>();
    in.compact_string();
    in.integer<std::int32_t>();
    in.compact_string();
    in.skip_tags();
    ++cluster.brokers;
  }
  cluster.cluster_id = in.compact_string();
  in.integer<std::int32_t>();  // controller
  for (auto left = in.compact_count(); left > 0 && !in.failed(); --left)
    cluster.topics.push_back(take_topic(in));
  in.skip_tags();
  if (in.failed() || answered != correlation_id) {
    return make_error(Errc::corrupt, "the broker's answer about topics is not of the known form");
  }
  return cluster;
}

}  // namespace tradelake::log
