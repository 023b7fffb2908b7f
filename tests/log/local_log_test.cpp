#include "log/local_log.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "core/time.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

using namespace std::chrono_literals;

class LocalLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() /
           fmt::format("tradelake-log-{}-{}", getpid(), now_ns());
    std::filesystem::create_directories(dir_);
    open();
  }
  void TearDown() override {
    log_.reset();
    std::filesystem::remove_all(dir_);
  }
  void open() {
    log_ = *open_local_log(dir_ / "log.db");
    const auto topics = trade_topics();
    ASSERT_TRUE(log_->ensure_topics(topics));
    writer_ = *log_->writer();
  }
  void append(std::string_view key, const std::vector<std::string>& values,
              std::string_view source = "", std::int64_t first_n = -1) {
    std::vector<NewRecord> records;
    for (const auto& value : values) {
      NewRecord record;
      record.topic = "bybit.v5.linear.publicTrade";
      record.key = key;
      record.value = value;
      record.headers.category = "linear";
      record.headers.recv_ns = 7;
      record.source_n = source.empty() ? -1 : first_n++;
      records.push_back(record);
    }
    const auto result = writer_->append(records, source);
    ASSERT_TRUE(result) << result.error().message;
  }
  std::vector<std::string> read(std::int64_t from, std::string_view key) {
    auto reader = *log_->reader();
    const TopicPartition where{"bybit.v5.linear.publicTrade", partition_of(key)};
    reader->assign({{where, from}});
    std::vector<std::string> values;
    std::int64_t expected = from;
    while (true) {
      auto chunk = reader->poll(1ms);
      EXPECT_TRUE(chunk) << chunk.error().message;
      if (!chunk || chunk->records.empty()) return values;
      for (const auto& record : chunk->records) {
        EXPECT_EQ(record.offset, expected++);
        values.emplace_back(record.value);
      }
      EXPECT_EQ(chunk->next_offset, expected);
    }
  }

  std::filesystem::path dir_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(LocalLogTest, GivesBackWhatWasAppendedFromAnyOffsetAlsoAfterReopening) {
  append("BTCUSDT", {"a", "b", std::string(3'000'000, 'x'), "d"});
  append("BTCUSDT", {"", std::string("\0\xff", 2)});
  writer_.reset();
  log_.reset();
  open();
  const std::vector<std::string> all{"a", "b", std::string(3'000'000, 'x'),
                                     "d", "",  std::string("\0\xff", 2)};
  for (std::size_t from = 0; from <= all.size(); ++from) {
    EXPECT_EQ(read(static_cast<std::int64_t>(from), "BTCUSDT"),
              std::vector(all.begin() + from, all.end()))
        << from;
  }
}

TEST_F(LocalLogTest, KeepsHowFarASourceWasTakenWithTheRecords) {
  append("BTCUSDT", {"a", "b"}, "file-1", 10);
  const TopicPartition where{"bybit.v5.linear.publicTrade", partition_of("BTCUSDT")};
  EXPECT_EQ(*writer_->source_progress("file-1"),
            (std::map<TopicPartition, std::int64_t>{{where, 11}}));
  EXPECT_TRUE(writer_->source_progress("file-2")->empty());
}

TEST_F(LocalLogTest, RefusesAnUndeclaredTopicAndAppendsNothing) {
  NewRecord good, bad;
  good.topic = "bybit.v5.linear.publicTrade";
  good.key = "BTCUSDT";
  bad.topic = "other";
  const std::vector<NewRecord> records{good, bad};
  EXPECT_EQ(writer_->append(records, "").error().code, Errc::invalid_argument);
  EXPECT_TRUE(read(0, "BTCUSDT").empty());
}

TEST_F(LocalLogTest, TrimsByAppendTimeButNeverWhatIsStillNeeded) {
  append("BTCUSDT", {"a", "b"});
  append("BTCUSDT", {"c"});
  const TopicPartition where{"bybit.v5.linear.publicTrade", partition_of("BTCUSDT")};
  ASSERT_TRUE(log_->trim(now_us() + us_per_hour, {{where, 2}}));
  EXPECT_EQ(log_->offsets()->at(where).start, 2);
  EXPECT_EQ(read(2, "BTCUSDT"), std::vector<std::string>{"c"});
  auto reader = *log_->reader();
  reader->assign({{where, 0}});
  EXPECT_EQ(reader->poll(1ms).error().code, Errc::not_found);
  ASSERT_TRUE(log_->trim(now_us() + us_per_hour, {{where, 3}}));
  EXPECT_EQ(log_->offsets()->at(where).start, 3);
  append("BTCUSDT", {"d"});
  EXPECT_EQ(read(3, "BTCUSDT"), std::vector<std::string>{"d"});
}

TEST_F(LocalLogTest, WakesAWaitingReader) {
  auto reader = *log_->reader();
  const TopicPartition where{"bybit.v5.linear.publicTrade", partition_of("BTCUSDT")};
  reader->assign({{where, 0}});
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    append("BTCUSDT", {"a"});
  });
  EXPECT_EQ(reader->poll(5s)->records.size(), 1u);
  later.join();
}

TEST_F(LocalLogTest, SaysThatAFileIsDamaged) {
  const auto path = dir_ / "other.db";
  std::ofstream(path) << std::string(10'000, 'x');
  const auto opened = open_local_log(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
  EXPECT_NE(opened.error().message.find("other.db"), std::string::npos);
}

TEST(PartitionOf, AgreesWithKafkasDefaultPartitioner) {
  // Values of org.apache.kafka.common.utils.Utils.murmur2, as its own test has them.
  EXPECT_EQ(partition_of("21"), (static_cast<std::uint32_t>(-973932308) & 0x7fffffff) % 3);
  EXPECT_EQ(partition_of("foobar"), (static_cast<std::uint32_t>(-790332482) & 0x7fffffff) % 3);
  EXPECT_EQ(partition_of("a-little-bit-long-string"),
            (static_cast<std::uint32_t>(-985981536) & 0x7fffffff) % 3);
}

}  // namespace
}  // namespace tradelake::log
