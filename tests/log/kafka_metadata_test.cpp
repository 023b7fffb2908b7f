// The Metadata request as bytes, against an answer that a Kafka 4.3 broker gave.
#include "log/kafka_metadata.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "log/kafka_address.h"

namespace tradelake::log {
namespace {

constexpr std::int32_t correlation_id = 7;
const std::vector<std::string> names{"bybit.v5.linear.publicTrade", "no.such.topic"};

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

const std::string request = bytes(
    "0003000c00000007000974726164656c616b650003000000000000000000000000000000001c62796269"
    "742e76352e6c696e6561722e7075626c6963547261646500000000000000000000000000000000000e6e"
    "6f2e737563682e746f70696300000000");
const std::string answer = bytes(
    "00000007000000000002000000010a3132372e302e302e31000086c50000174150563030796f6a654854"
    "5a586d324c53482d306170000000010300001c62796269742e76352e6c696e6561722e7075626c696354"
    "726164656b556b2ae3d74606b12b69f8509c31b000040000000000000000000100000000020000000102"
    "000000010100000000000001000000010000000002000000010200000001010000000000000200000001"
    "00000000020000000102000000010100800000000000030e6e6f2e737563682e746f7069630000000000"
    "00000000000000000000000001800000000000");

TEST(KafkaMetadata, AsksInTheBytesThatABrokerHasAnswered) {
  EXPECT_EQ(encode_metadata_request(names, correlation_id), request);
}

TEST(KafkaMetadata, TakesATopicAndOneThatIsNotThereFromTheAnswer) {
  const auto cluster = decode_metadata_response(answer, correlation_id);
  ASSERT_TRUE(cluster) << cluster.error().message;
  EXPECT_EQ(cluster->cluster_id, "APV00yojeHTZXm2LSH-0ap");
  EXPECT_EQ(cluster->brokers, 1);
  const auto& topics = cluster->topics;
  ASSERT_EQ(topics.size(), 2u);
  EXPECT_EQ(topics.at(0).name, names[0]);
  EXPECT_EQ(topics.at(0).error, 0);
  EXPECT_EQ(topics.at(0).id, "a1VrKuPXRgaxK2n4UJwxsA");
  EXPECT_EQ(topics.at(0).partitions, 3);
  EXPECT_EQ(topics.at(0).led, 3);
  EXPECT_EQ(topics.at(1).name, names[1]);
  EXPECT_EQ(topics.at(1).error, kafka_unknown_topic);
}

TEST(KafkaMetadata, PassesOverTagsThatANewerBrokerMayAdd) {
  auto tagged = answer;
  tagged.replace(4, 1, bytes("0200020102070103"));  // two, of two bytes and of one, for none
  const auto cluster = decode_metadata_response(tagged, correlation_id);
  ASSERT_TRUE(cluster) << cluster.error().message;
  EXPECT_EQ(cluster->topics.at(0).name, names[0]);
}

TEST(KafkaMetadata, RefusesTheAnswerToAnotherRequestAndEveryAnswerThatIsCut) {
  EXPECT_EQ(decode_metadata_response(answer, correlation_id + 1).error().code, Errc::corrupt);
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const std::string cut(answer, 0, size);  // of its own: a read beyond it is seen
    ASSERT_FALSE(decode_metadata_response(cut, correlation_id)) << size;
  }
}

RC_GTEST_PROP(KafkaMetadata, SurvivesAnyByteChanged, ()) {
  auto changed = answer;
  const auto changes = *rc::gen::inRange(1, 5);
  for (int i = 0; i < changes; ++i)
    changed[*rc::gen::inRange<std::size_t>(0, changed.size())] = *rc::gen::arbitrary<char>();
  if (const auto cluster = decode_metadata_response(changed, correlation_id))
    for (const auto& topic : cluster->topics) RC_ASSERT(topic.led <= topic.partitions);
}

TEST(KafkaAddress, TakesHostsAndPortsAndNothingElse) {
  const auto one = parse_kafka_address("kafka://127.0.0.1:9092");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->bootstrap(), "127.0.0.1:9092");
  const auto two = parse_kafka_address("kafka://a.example:1,[::1]:65535");
  ASSERT_TRUE(two);
  ASSERT_EQ(two->brokers.size(), 2u);
  EXPECT_EQ(two->brokers[1].host, "::1");
  EXPECT_EQ(two->bootstrap(), "a.example:1,[::1]:65535");
  for (const auto* bad :
       {"", "kafka:", "kafka://", "kafka://a", "kafka://a:", "kafka://:1", "kafka://a:0",
        "kafka://a:65536", "kafka://a:1x", "kafka://a:1,", "kafka://,a:1", "kafka://a:1/topic",
        "kafka://u@a:1", "kafka://::1:9", "kafka://[]:9", "http://a:1"}) {
    const auto parsed = parse_kafka_address(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace tradelake::log
