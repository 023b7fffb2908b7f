// The local log seen from outside, beside the process that has it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/time.h"
#include "log/local_log.h"
#include "log/log_view.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

class LocalLogViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("tradelake-view-{}-{}", getpid(), now_ns());
    std::filesystem::create_directories(folder_);
    file_ = folder_ / "log.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void append(int count) {
    std::vector<NewRecord> records(static_cast<std::size_t>(count));
    for (auto& record : records) {
      record.topic = where_.topic;
      record.key = key_;
      record.value = "x";
    }
    ASSERT_TRUE((*log_->writer())->append(records, ""));
  }

  std::filesystem::path folder_;
  std::string file_;
  std::string key_ = "BTCUSDT";
  TopicPartition where_{topic_name("linear", trade_stream), partition_of("BTCUSDT")};
  std::unique_ptr<Log> log_;
};

TEST_F(LocalLogViewTest, IsNotMadeByLooking) {
  EXPECT_EQ(view_local_log(file_).error().code, Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(LocalLogViewTest, SaysWhatIsInItWhileItIsWritten) {
  log_ = *open_local_log(file_);
  ASSERT_TRUE(log_->ensure_topics(trade_topics()));
  append(3);
  const auto view = *view_local_log(file_);
  EXPECT_EQ(*view->description(), "sound");
  EXPECT_EQ(view->topics()->size(), trade_topics().size());
  EXPECT_EQ(view->offsets()->at(where_).end, 3);
  append(2);
  EXPECT_EQ(view->offsets()->at(where_).end, 5);
}

TEST_F(LocalLogViewTest, KnowsWhichRecordsHaveWaited) {
  log_ = *open_local_log(file_);
  ASSERT_TRUE(log_->ensure_topics(trade_topics()));
  append(3);
  const std::int64_t between_us = now_us();
  while (now_us() == between_us) continue;
  append(2);
  const auto view = *view_local_log(file_);
  using Waiting = std::vector<TopicPartition>;
  EXPECT_EQ(*view->waiting_since(between_us + 1, {{where_, 0}}), Waiting{where_});
  EXPECT_EQ(*view->waiting_since(between_us + 1, {{where_, 2}}), Waiting{where_});
  EXPECT_EQ(*view->waiting_since(between_us + 1, {{where_, 3}}), Waiting{});
  EXPECT_EQ(*view->waiting_since(now_us() + 1, {{where_, 4}}), Waiting{where_});
}

TEST_F(LocalLogViewTest, ADamagedFileIsCorrupt) {
  std::ofstream(file_) << std::string(40'000, 'x');
  EXPECT_EQ(view_local_log(file_).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace tradelake::log
