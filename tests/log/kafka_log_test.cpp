#include "log/kafka_log.h"

#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "kafka_fixture.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_F(KafkaTest, GivesBackWhatWasAppendedFromAnyOffset) {
  const std::vector<std::string> all{"a", "", std::string(1 << 20, 'x'), std::string("\0\xff", 2)};
  std::vector<NewRecord> records;
  for (const auto& value : all) records.push_back(record("BTCUSDT", value));
  ASSERT_TRUE(append(*writer_, records));
  EXPECT_EQ(end("BTCUSDT"), 4);
  for (std::size_t from = 0; from <= all.size(); ++from) {
    EXPECT_EQ(read(static_cast<std::int64_t>(from), "BTCUSDT"),
              std::vector(all.begin() + static_cast<std::ptrdiff_t>(from), all.end()));
  }
}

TEST_F(KafkaTest, KeepsEveryHeaderAndSixtyFourBytesBehindEachValue) {
  auto frame = record("BTCUSDT", "f"), part = frame, marker = frame;
  frame.headers = {123'456'789'012'345'678, "spot", "conn-1", Origin::rest,
                   RecordKind::frame,       0,      0};
  part.headers = {1, "inverse", "c", Origin::ws, RecordKind::part, 2, 3};
  marker.headers = {0, "", "replay", Origin::replay, RecordKind::end_marker, 0, 0};
  ASSERT_TRUE(append(*writer_, {frame, part, marker}));
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  std::vector<Chunk> chunks;
  std::vector<Record> found;
  while (found.size() < 3) {
    chunks.push_back(*reader->poll(1s));
    found.insert(found.end(), chunks.back().records.begin(), chunks.back().records.end());
  }
  reader.reset();  // a chunk outlives its reader
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& wanted = (i == 0 ? frame : part).headers;
    const auto& got = found[i].headers;
    EXPECT_EQ(got.recv_ns, wanted.recv_ns);
    EXPECT_EQ(got.category, wanted.category);
    EXPECT_EQ(got.conn, wanted.conn);
    EXPECT_EQ(got.origin, wanted.origin);
    EXPECT_EQ(got.kind, wanted.kind);
    EXPECT_EQ(got.part, wanted.part);
    EXPECT_EQ(got.parts, wanted.parts);
    EXPECT_EQ(found[i].key, "BTCUSDT");
  }
  EXPECT_EQ(found[2].headers.kind, RecordKind::end_marker);
  EXPECT_EQ(found[2].headers.origin, Origin::replay);
  for (const auto& one : found) {
    int sum = 0;  // read under the address sanitizer
    for (int i = 0; i < 64; ++i) sum += one.value.data()[one.value.size() + i];
    EXPECT_GE(sum, 0);
  }
}

TEST_F(KafkaTest, ReadsRecordsOfOtherProducersAsFramesReceivedWhenAppended) {
  const auto before = now_ns();
  OtherProducer(bootstrap_).send(where("BTCUSDT"), "BTCUSDT", "theirs");
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  const auto chunk = *reader->poll(5s);
  ASSERT_EQ(chunk.records.size(), 1u);
  const auto& found = chunk.records[0];
  EXPECT_EQ(found.value, "theirs");
  EXPECT_EQ(found.headers.category, "linear");
  EXPECT_EQ(found.headers.kind, RecordKind::frame);
  EXPECT_EQ(found.headers.origin, Origin::ws);
  EXPECT_GE(found.headers.recv_ns, before - 1'000'000'000);
  EXPECT_LE(found.headers.recv_ns, now_ns() + 1'000'000'000);
}

TEST_F(KafkaTest, RefusesAnUndeclaredTopicAndAppendsNothing) {
  auto bad = record("BTCUSDT", "b");
  bad.topic = "other";
  for (const auto* source : {"", "file-u"}) {
    const auto done = append(*writer_, {record("BTCUSDT", "a", 1), bad}, source);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::invalid_argument);
  }
  EXPECT_EQ(end("BTCUSDT"), 0);
  EXPECT_TRUE(append(*writer_, {record("BTCUSDT", "c")}));
}

TEST_F(KafkaTest, PlacesKeysLikeTheLocalLog) {
  std::vector<NewRecord> records;
  for (const auto* key : {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", ""})
    records.push_back(record(key, key));
  ASSERT_TRUE(append(*writer_, records));
  for (const auto* key : {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", ""})
    EXPECT_THAT(read(0, key), testing::Contains(key));
}

TEST_F(KafkaTest, SaysWhatIsNoLongerInTheLogAndWhatNeverWas) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a")}));
  for (const std::int64_t offset : {5, 1'000'000}) {
    auto reader = *log_->reader();
    reader->assign({{where("BTCUSDT"), offset}});
    Result<Chunk> chunk;
    for (int i = 0; i < 50 && chunk; ++i) chunk = reader->poll(100ms);
    ASSERT_FALSE(chunk);
    EXPECT_EQ(chunk.error().code, Errc::not_found);
    EXPECT_THAT(chunk.error().message, HasSubstr(topic_));
  }
}

TEST_F(KafkaTest, WakesAWaitingReader) {
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  EXPECT_TRUE(reader->poll(1s)->records.empty());
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    EXPECT_TRUE(append(*writer_, {record("BTCUSDT", "a")}));
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(reader->poll(10s)->records.size(), 1u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  later.join();
}

TEST_F(KafkaTest, AnAbsentBrokerIsWaitedForWithoutAnError) {
  const auto away = *open_kafka_log("kafka://127.0.0.1:1");
  const std::vector<std::string> topics{topic_};
  EXPECT_EQ(away->ensure_topics(topics).error().code, Errc::unavailable);
  EXPECT_EQ(away->topics().error().code, Errc::unavailable);
  auto reader = *away->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  const auto chunk = reader->poll(300ms);
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_TRUE(chunk->where.topic.empty());
  auto writer = *away->writer();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(writer->source_progress("file").error().code, Errc::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
}

TEST_F(KafkaTest, ATopicThatIsMadeAgainHasAnotherId) {
  const auto first = *log_->topics();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].partitions, 3);
  EXPECT_EQ(first[0].id.size(), 22u);
  ensure();
  EXPECT_EQ(log_->topics()->at(0).id, first[0].id);
  delete_topic();
  // The broker may go on telling of it for a moment.
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!log_->topics()->empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(log_->topics()->empty());
  ensure();
  const auto second = *log_->topics();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0].id, first[0].id);
}

TEST_F(KafkaTest, ReadingATopicThatWasDeletedEndsWithItsName) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a")}));
  auto reader = *log_->reader();
  reader->assign({{where("BTCUSDT"), 0}});
  EXPECT_EQ(reader->poll(10s)->records.size(), 1u);
  delete_topic();
  Result<Chunk> chunk;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (chunk && std::chrono::steady_clock::now() < deadline) chunk = reader->poll(100ms);
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, Errc::corrupt);
  EXPECT_THAT(chunk.error().message, HasSubstr(topic_));
}

TEST_F(KafkaTest, AppendingToATopicThatWasDeletedEndsWithItsName) {
  ASSERT_TRUE(append(*writer_, {record("BTCUSDT", "a")}));
  delete_topic();
  // The broker may go on taking records for a moment.
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  auto done = append(*writer_, {record("BTCUSDT", "b")});
  while (done && std::chrono::steady_clock::now() < deadline)
    done = append(*writer_, {record("BTCUSDT", "b")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::corrupt);
  EXPECT_THAT(done.error().message, HasSubstr(topic_));
}

}  // namespace
}  // namespace tradelake::log
