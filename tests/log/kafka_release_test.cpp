// The ApiVersions request as bytes, against an answer that a Kafka 4.3 broker gave.
#include "log/kafka_release.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tradelake::log {
namespace {

constexpr std::int32_t correlation_id = 7;

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

const std::string request =
    bytes("0012000300000007000974726164656c616b65000a74726164656c616b65023100");
const std::string answer = bytes(
    "0000000700004c00000000000d000001000400120000020001000b0000030000000d0000080002000a00"
    "00090001000a00000a0000000600000b0000000900000c0000000400000d0000000500000e0000000500"
    "000f00000006000010000000050000110000000100001200000004000013000200070000140001000600"
    "0015000000020000160000000500001700020004000018000000050000190000000400001a0000000500"
    "001b0001000200001c0000000500001d0001000300001e0001000300001f000100030000200001000400"
    "002100000002000022000100020000230001000500002400000002000025000000030000260001000300"
    "002700010002000028000100020000290001000300002a0000000200002b0000000200002c0000000100"
    "002d0000000100002e0000000000002f0000000000003000000001000031000000010000320000000000"
    "003300000000000037000000020000390000000200003c0000000200003d000000000000400000000000"
    "00410000000000004200000002000044000000010000450000000100004a0000000100004b0000000000"
    "004c0001000100004d0001000100004e0001000200004f00010002000050000000010000510000000000"
    "005300000000000054000000000000550000000100005600000000000057000000010000580000000000"
    "00590000000000005a0000000100005b0000000000005c00000000000000000003001702116d65746164"
    "6174612e76657273696f6e0007001e0001080000000000000013029101070e67726f75702e7665727369"
    "6f6e00010001001073747265616d732e76657273696f6e0001000100147472616e73616374696f6e2e76"
    "657273696f6e000200020021656c696769626c652e6c65616465722e7265706c696361732e7665727369"
    "6f6e00010001000e73686172652e76657273696f6e0001000100116d657461646174612e76657273696f"
    "6e001e001e00");

TEST(KafkaRelease, AsksInTheBytesThatABrokerHasAnswered) {
  EXPECT_EQ(encode_api_versions_request(correlation_id), request);
}

TEST(KafkaRelease, TakesTheLevelFromTheAnswer) {
  const auto level = decode_metadata_level(answer, correlation_id);
  ASSERT_TRUE(level) << level.error().message;
  EXPECT_EQ(*level, 30);
  EXPECT_EQ(kafka_release(*level), "Kafka 4.3 (metadata.version 30)");
}

TEST(KafkaRelease, KnowsWhatComesBeforeAndAfterTheOnesItKnows) {
  EXPECT_EQ(kafka_release(0), "Kafka before 3.3, or with ZooKeeper");
  EXPECT_EQ(kafka_release(7), "Kafka 3.3 (metadata.version 7)");
  EXPECT_EQ(kafka_release(9), "Kafka 3.5 (metadata.version 9)");
  EXPECT_EQ(kafka_release(25), "Kafka 4.0 (metadata.version 25)");
  EXPECT_EQ(kafka_release(31), "Kafka after 4.3 (metadata.version 31)");
}

TEST(KafkaRelease, RefusesTheAnswerToAnotherRequestAndEveryAnswerThatIsCut) {
  EXPECT_EQ(decode_metadata_level(answer, correlation_id + 1).error().code, Errc::corrupt);
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const std::string cut(answer, 0, size);  // of its own: a read beyond it is seen
    ASSERT_FALSE(decode_metadata_level(cut, correlation_id)) << size;
  }
  // "Unsupported version", of a broker that knows only older ones of the request.
  EXPECT_EQ(decode_metadata_level(bytes("000000070023"), correlation_id).error().code,
            Errc::corrupt);
}

RC_GTEST_PROP(KafkaRelease, ReadsNothingBeyondWhateverBytes, (std::vector<char> noise)) {
  (void)decode_metadata_level({noise.data(), noise.size()}, correlation_id);
}

}  // namespace
}  // namespace tradelake::log
