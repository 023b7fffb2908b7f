// Replays into Kafka: transactions, what they leave in the offsets, and who may go on with a
// source.
#include <random>

#include <gmock/gmock.h>

#include "kafka_fixture.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class KafkaReplay : public KafkaTest {
 protected:
  std::string source_ = fmt::format("file-{}", now_ns());
  std::string transactional_id() const { return "tradelake-replay-" + source_; }
};

TEST_F(KafkaReplay, KeepsHowFarASourceWasTakenWithTheRecords) {
  EXPECT_THAT(progress(*writer_, source_), IsEmpty());
  ASSERT_TRUE(
      append(*writer_,
             {record("BTCUSDT", "a", 10), record("BTCUSDT", "b", 11), record("SOLUSDT", "c", 12)},
             source_));
  ASSERT_NE(where("BTCUSDT"), where("SOLUSDT"));
  const std::map<TopicPartition, std::int64_t> wanted{{where("BTCUSDT"), 11},
                                                      {where("SOLUSDT"), 12}};
  EXPECT_EQ(progress(*writer_, source_), wanted);
  EXPECT_EQ(progress(**log_->writer(), source_), wanted);
  EXPECT_THAT(progress(**log_->writer(), source_ + "-other"), IsEmpty());
  EXPECT_THAT(read(0, "BTCUSDT"), ElementsAre("a", "b"));
  EXPECT_THAT(read(0, "SOLUSDT"), ElementsAre("c"));
}

TEST_F(KafkaReplay, WhatIsInTheLogIsNotAppendedAgain) {
  const std::vector<NewRecord> records{record("BTCUSDT", "a", 1), record("BTCUSDT", "b", 2)};
  ASSERT_TRUE(append(*writer_, records, source_));
  EXPECT_TRUE(ends_at("BTCUSDT", 3));
  ASSERT_TRUE(append(*writer_, records, source_));
  const auto again = *log_->writer();
  EXPECT_EQ(progress(*again, source_).at(where("BTCUSDT")), 2);
  ASSERT_TRUE(append(*again, records, source_));
  EXPECT_EQ(end("BTCUSDT"), 3);
}

TEST_F(KafkaReplay, TheMarkerAtTheEndOfATransactionIsReadOver) {
  for (int n = 1; n <= 8; ++n) {
    ASSERT_TRUE(append(*writer_, {record("BTCUSDT", std::to_string(n), n)}, source_));
    // A record and a marker each; read() fails unless the end is reached.
    EXPECT_TRUE(ends_at("BTCUSDT", 2 * n));
    EXPECT_EQ(read(2 * n - 2, "BTCUSDT"), std::vector{std::to_string(n)});
    EXPECT_THAT(read(2 * n - 1, "BTCUSDT"), IsEmpty());
  }
}

TEST_F(KafkaReplay, AReaderMovesOnOverAMarkerThatComesLater) {
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  OtherProducer other(bootstrap_, source_ + "-other");
  other.begin();
  other.send(where("BTCUSDT"), "k", "never");
  EXPECT_TRUE(reader->poll(500ms)->where.topic.empty());
  other.abort();
  const auto chunk = *reader->poll(10s);
  EXPECT_EQ(chunk.where, where("BTCUSDT"));
  EXPECT_THAT(chunk.records, IsEmpty());
  EXPECT_EQ(chunk.next_offset, 2);
}

TEST_F(KafkaReplay, ANewWriterEndsWhatAKilledOneHadUnderWay) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a", 1)}, source_));
  auto killed = std::make_unique<OtherProducer>(bootstrap_, transactional_id());
  killed->begin();
  killed->send(where("BTCUSDT"), "BTCUSDT", "b");
  killed->send({std::string(replay_progress_topic), 0}, source_ + "/" + topic_ + "/1", "2");
  const auto next = *log_->writer();
  EXPECT_EQ(progress(*next, source_).at(where("BTCUSDT")), 1);
  ASSERT_TRUE(append(*next, {record("BTCUSDT", "b", 2)}, source_));
  EXPECT_THAT(read(0, "BTCUSDT"), ElementsAre("a", "b"));
}

TEST_F(KafkaReplay, TheOlderOfTwoWritersIsFencedAndTheNewerGoesOn) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a", 1)}, source_));
  const auto newer = *log_->writer();
  EXPECT_EQ(progress(*newer, source_).at(where("BTCUSDT")), 1);
  const std::vector<NewRecord> records{record("BTCUSDT", "b", 2)};
  const auto done = append(*writer_, records, source_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::fenced);
  ASSERT_TRUE(append(*newer, records, source_));
  EXPECT_EQ(append(*writer_, records, source_).error().code, Errc::fenced);
  EXPECT_THAT(read(0, "BTCUSDT"), ElementsAre("a", "b"));
}

TEST_F(KafkaReplay, AWriterThatOnlyLostItsEpochGoesOn) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a", 1)}, source_));
  // As after a transaction that took too long: the epoch is another one, the owner is not.
  {
    OtherProducer bump(bootstrap_, transactional_id());
  }
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a", 1), record("BTCUSDT", "b", 2)}, source_));
  EXPECT_THAT(read(0, "BTCUSDT"), ElementsAre("a", "b"));
}

TEST_F(KafkaReplay, WhatStandsBehindAnOpenTransactionIsWaitedFor) {
  OtherProducer other(bootstrap_, source_ + "-other");
  other.begin();
  other.send(where("BTCUSDT"), "k", "theirs");
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "mine", 1)}, source_));
  EXPECT_TRUE(ends_at("BTCUSDT", 3));
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  EXPECT_TRUE(reader->poll(500ms)->where.topic.empty());
  other.commit();
  EXPECT_THAT(read(0, "BTCUSDT"), ElementsAre("theirs", "mine"));
}

TEST_F(KafkaReplay, ABatchLargerThanTheQueueIsOneTransaction) {
  const std::string value(1 << 20, 'v');
  std::vector<NewRecord> records;
  for (int n = 1; n <= 100; ++n) records.push_back(record("BTCUSDT", value, n));
  ASSERT_TRUE(append(*writer_, records, source_));
  EXPECT_TRUE(ends_at("BTCUSDT", 101));
  EXPECT_EQ(read(0, "BTCUSDT").size(), 100u);
}

}  // namespace
}  // namespace tradelake::log
