// From what connections tell to gaps, and through a log to the next start.
#include "log/coverage.h"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "log/coverage_records.h"
#include "log/local_log.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

using feed::ConnectionChange;
using feed::ConnectionEvent;

constexpr std::int64_t second_us = 1'000'000, margin = Coverage::margin_us;

ConnectionEvent event(ConnectionChange change, std::int64_t at_us, std::int64_t inbound_us,
                      const std::string& conn = "linear-0") {
  ConnectionEvent made;
  made.change = change;
  made.conn = conn;
  made.category = bybit::Category::linear;
  made.at_ns = at_us * 1000;
  made.last_inbound_ns = inbound_us * 1000;
  if (change == ConnectionChange::subscribed)
    made.topics = {"publicTrade.BTCUSDT", "publicTrade.ETHUSDT"};
  return made;
}

TEST(Coverage, TheFirstStartOfAllHasNoGap) {
  Coverage coverage;
  coverage.take(event(ConnectionChange::subscribed, 100 * second_us, 100 * second_us));
  EXPECT_TRUE(coverage.gaps().empty());
  EXPECT_EQ(coverage.covered(), (CoveredUntil{{"linear-0", 100 * second_us}}));
  EXPECT_TRUE(coverage.covered().empty());
}

TEST(Coverage, ALaterStartMissesWhatCameSinceTheConnectionWasLastWhole) {
  Coverage coverage({{"linear-0", 40 * second_us}, {"spot-0", 10 * second_us}});
  coverage.take(event(ConnectionChange::subscribed, 100 * second_us, 99 * second_us));
  const auto gaps = coverage.gaps();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].symbol, "BTCUSDT");
  EXPECT_EQ(gaps[1].symbol, "ETHUSDT");
  for (const auto& one : gaps) {
    EXPECT_EQ(one.gap.from_us, 40 * second_us - margin);
    EXPECT_EQ(one.gap.to_us, 100 * second_us + margin);
    EXPECT_EQ(one.gap.cause, "not_running");
  }
}

TEST(Coverage, AConnectionThatIsNewTakesTheLeastOfItsCategory) {
  Coverage coverage(
      {{"linear-0", 40 * second_us}, {"linear-1", 30 * second_us}, {"spot-0", 10 * second_us}});
  coverage.take(event(ConnectionChange::subscribed, 100 * second_us, 99 * second_us, "linear-2"));
  EXPECT_EQ(coverage.gaps().at(0).gap.from_us, 30 * second_us - margin);
}

TEST(Coverage, ALossIsAGapUntilTheConnectionDeliversAllAgain) {
  Coverage coverage;
  coverage.take(event(ConnectionChange::subscribed, 100 * second_us, 100 * second_us));
  coverage.take(event(ConnectionChange::alive, 110 * second_us, 110 * second_us));
  EXPECT_EQ(coverage.covered().at("linear-0"), 110 * second_us);
  coverage.take(event(ConnectionChange::lost, 130 * second_us, 120 * second_us));
  EXPECT_TRUE(coverage.gaps().empty());
  EXPECT_TRUE(coverage.covered().empty()) << "not whole any more";
  coverage.take(event(ConnectionChange::subscribed, 140 * second_us, 140 * second_us));
  const auto gap = coverage.gaps().at(1).gap;
  EXPECT_EQ(gap.from_us, 120 * second_us - margin);
  EXPECT_EQ(gap.to_us, 140 * second_us + margin);
  EXPECT_EQ(gap.cause, "connection_lost");
}

TEST(Coverage, DroppedFramesAreAGapOfEveryMarketOfTheConnection) {
  Coverage coverage;
  coverage.take_dropped("linear-0", {90 * second_us * 1000, 95 * second_us * 1000});
  EXPECT_TRUE(coverage.gaps().empty()) << "not subscribed yet";
  coverage.take(event(ConnectionChange::subscribed, 100 * second_us, 100 * second_us));
  coverage.take_dropped("linear-0", {110 * second_us * 1000, 111 * second_us * 1000});
  const auto gaps = coverage.gaps();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].gap.from_us, 110 * second_us - margin);
  EXPECT_EQ(gaps[0].gap.to_us, 111 * second_us + margin);
  EXPECT_EQ(gaps[0].gap.cause, "queue_full");
}

class CoverageInALog : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    log_ = open_local_log((folder_ / "log.db").string()).value();
    const std::vector<std::string> names{std::string(coverage_topic),
                                         "bybit.v5.linear.publicTrade"};
    ASSERT_TRUE(log_->ensure_topics(names));
    writer_ = log_->writer().value();
  }
  void TearDown() override {
    writer_.reset();
    log_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("tradelake-coverage-{}", getpid());
  std::unique_ptr<Log> log_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(CoverageInALog, TheLastWordOfEachConnectionCounts) {
  EXPECT_TRUE(read_covered_until(*log_).value().empty());
  for (std::int64_t second = 1; second <= 300; ++second) {
    ASSERT_TRUE(writer_->append(covered_records({{"linear-0", second * second_us}}).records, ""));
    if (second == 7) {
      ASSERT_TRUE(writer_->append(covered_records({{"spot-0", second * second_us}}).records, ""));
    }
  }
  EXPECT_EQ(read_covered_until(*log_).value(),
            (CoveredUntil{{"linear-0", 300 * second_us}, {"spot-0", 7 * second_us}}));
}

TEST_F(CoverageInALog, AGapComesOutAsItWentIn) {
  const std::vector<MarketGap> gaps{
      {bybit::Category::linear, "BTCUSDT", "linear-0", {5, 9, "queue_full"}}};
  ASSERT_TRUE(writer_->append(gap_records(gaps).records, ""));
  const auto reader = log_->reader().value();
  const TopicPartition where{"bybit.v5.linear.publicTrade", partition_of("BTCUSDT")};
  reader->assign({{where, 0}});
  const auto chunk = reader->poll(std::chrono::seconds(5)).value();
  ASSERT_EQ(chunk.records.size(), 1u);
  const auto& record = chunk.records[0];
  EXPECT_EQ(record.key, "BTCUSDT");
  EXPECT_EQ(record.headers.category, "linear");
  const auto gap = gap_of(record);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from_us, 5);
  EXPECT_EQ(gap->to_us, 9);
  EXPECT_EQ(gap->cause, "queue_full");
}

TEST(GapRecord, WhatIsNoGapOfOursIsAFrame) {
  std::string text;
  const auto parsed = [&](std::string value) {
    text = std::move(value);
    const auto size = text.size();
    text.append(64, ' ');
    Record record;
    record.headers.kind = RecordKind::gap;
    record.value = std::string_view(text).substr(0, size);
    return gap_of(record).has_value();
  };
  EXPECT_TRUE(parsed(R"({"from_us":1,"to_us":2,"cause":"x"})"));
  for (const char* bad :
       {"", "{}", "nonsense", R"({"from_us":1,"to_us":2})",
        R"({"from_us":"1","to_us":2,"cause":"x"})", R"({"from_us":3,"to_us":2,"cause":"x"})",
        R"({"from_us":1,"to_us":2,"cause":3})"})
    EXPECT_FALSE(parsed(bad)) << bad;
  Record frame;
  frame.value = R"({"from_us":1,"to_us":2,"cause":"x"})";
  EXPECT_FALSE(gap_of(frame));
}

}  // namespace
}  // namespace tradelake::log
