#include "log/kafka_release.h"

#include <array>

#include <fmt/format.h>

#include "log/kafka_bytes.h"

namespace tradelake::log {
namespace {

constexpr std::int16_t api_versions_key = 18, api_versions_version = 3;
constexpr std::uint32_t finalized_features = 2;  // the tag that has them
constexpr std::string_view feature = "metadata.version";

struct Release {
  std::int16_t last_level;
  std::string_view name;
};
// Of org.apache.kafka.server.common.MetadataVersion.
constexpr std::int16_t first_level = 7;
constexpr auto releases = std::to_array<Release>({{7, "3.3"},
                                                  {8, "3.4"},
                                                  {11, "3.5"},
                                                  {14, "3.6"},
                                                  {19, "3.7"},
                                                  {20, "3.8"},
                                                  {21, "3.9"},
                                                  {25, "4.0"},
                                                  {27, "4.1"},
                                                  {29, "4.2"},
                                                  {30, "4.3"}});

// Features with the levels that all brokers of the cluster keep to.
std::int16_t level_of_feature(KafkaInput in) {
  std::int16_t level = 0;
  for (auto left = in.compact_count(); left > 0 && !in.failed(); --left) {
    const auto name = in.compact_string();
    const auto most = in.integer<std::int16_t>();
    in.integer<std::int16_t>();  // the least
    in.skip_tags();
    if (name == feature && !in.failed()) level = most;
  }
  return level;
}

}  // namespace

std::string encode_api_versions_request(std::int32_t correlation_id) {
  std::string out;
  put_request_header(out, api_versions_key, api_versions_version, correlation_id);
  for (const std::string_view text : {kafka_client_id, std::string_view("1")}) {  // who asks
    put_varint(out, text.size() + 1);
    out += text;
  }
  put_varint(out, 0);  // tags
  return out;
}

Result<std::int16_t> decode_metadata_level(std::string_view bytes, std::int32_t correlation_id) {
  KafkaInput in(bytes);
  const auto answered = in.integer<std::int32_t>();
  const auto error = in.integer<std::int16_t>();
  for (auto left = in.compact_count(); left > 0 && !in.failed(); --left) {
    in.bytes(3 * sizeof(std::int16_t));  // a request, and the versions of it
    in.skip_tags();
  }
  in.integer<std::int32_t>();  // throttled for
  std::int16_t level = 0;
  for (auto left = in.varint(); left > 0 && !in.failed(); --left) {
    const auto tag = in.varint();
    const auto value = in.bytes(in.varint());
    if (tag == finalized_features) level = level_of_feature(KafkaInput(value));
  }
  if (in.failed() || error != 0 || answered != correlation_id) {
    return make_error(Errc::corrupt,
                      "the broker's answer about its version is not of the known form");
  }
  return level;
}

std::string kafka_release(std::int16_t metadata_level) {
  if (metadata_level < first_level) return "Kafka before 3.3, or with ZooKeeper";
  for (const auto& [last_level, name] : releases) {
    if (metadata_level <= last_level)
      return fmt::format("Kafka {} (metadata.version {})", name, metadata_level);
  }
  return fmt::format("Kafka after {} (metadata.version {})", releases.back().name, metadata_level);
}

}  // namespace tradelake::log
