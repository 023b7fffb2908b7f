// Trades past the retention of bronze.trades: filtered and counted if they come live, stored if a
// replay brings them.
#include <gtest/gtest.h>

#include "bronze/sink.h"
#include "core/time.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/scan.h"
#include "log/local_log.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

class ExpiredTradesTest : public iceberg::LakeTest {
 protected:
  ExpiredTradesTest() {
    log_ = *log::open_local_log(folder_ / "log.db");
    EXPECT_TRUE(log_->ensure_topics(log::trade_topics()));
    writer_ = *log_->writer();
  }

  void send(std::int64_t time_ms, log::Origin origin = log::Origin::ws) {
    const auto text = fmt::format(
        R"({{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":{0},"data":[{{"T":{0},"s":"BTCUSDT",)"
        R"("S":"Buy","v":"0.1","p":"60000.5","L":"PlusTick","i":"id-{1}","BT":false,"RPI":false,)"
        R"("seq":{1}}}]}})",
        time_ms, ++sent_);
    log::NewRecord record;
    record.topic = "bybit.v5.linear.publicTrade";
    record.key = "BTCUSDT";
    record.value = text;
    record.headers.category = "linear";
    record.headers.recv_ns = time_ms * 1'000'000;
    record.headers.origin = origin;
    ASSERT_TRUE(writer_->append({&record, 1}, ""));
  }

  CommitCounts commit(std::int64_t retention_us) {
    SinkOptions options;
    options.retention_us = retention_us;
    const Lake lake{*log_, *catalog_, *io_, warehouse(), folder_};
    const auto sink = *Sink::open(lake, options);
    std::stop_source stop;
    stop.request_stop();
    const auto done = sink->run(stop.get_token(), us_per_minute);
    EXPECT_TRUE(done) << done.error().message;
    return sink->status().committed;
  }

  std::int64_t rows() {
    const auto table = *iceberg::load_table(*catalog_, *io_, {"bronze", "trades"});
    std::int64_t count = 0;
    const auto planned = *iceberg::plan_files(*table.metadata, *io_, {});
    for (const auto& file : planned) count += file.file.record_count;
    return count;
  }

  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Writer> writer_;
  std::int64_t newest_ms_ = now_ms() / hour_ms * hour_ms + 1;  // 1 ms after a full hour
  int sent_ = 0;
};

TEST_F(ExpiredTradesTest, AreFilteredAndCounted) {
  send(newest_ms_);
  send(newest_ms_ - 24 * hour_ms - 2);  // of a partition that ended 24 h before the newest
  send(newest_ms_ - 24 * hour_ms - 1);  // of one that did not
  send(newest_ms_ - 900 * hour_ms);
  const auto counts = commit(24 * us_per_hour);
  EXPECT_EQ(counts.in, 4);
  EXPECT_EQ(counts.ok, 2);
  EXPECT_EQ(counts.filtered, 2);
  EXPECT_EQ(counts.expired, 2);
  EXPECT_EQ(counts.error(), 0);
  EXPECT_EQ(rows(), 2);
}

TEST_F(ExpiredTradesTest, AreStoredWhereNothingExpires) {
  send(newest_ms_);
  send(newest_ms_ - 900 * hour_ms);
  EXPECT_EQ(commit(0).expired, 0);
  EXPECT_EQ(rows(), 2);
}

TEST_F(ExpiredTradesTest, AreStoredIfAReplayBringsThem) {
  send(newest_ms_);
  send(newest_ms_ - 900 * hour_ms, log::Origin::replay);
  EXPECT_EQ(commit(24 * us_per_hour).expired, 0);
  EXPECT_EQ(rows(), 2);
}

// The table's own time counts, not the clock: after an outage nothing is old.
TEST_F(ExpiredTradesTest, AreJudgedByTheNewestTradeNotByTheClock) {
  send(newest_ms_ - 900 * hour_ms);
  send(newest_ms_ - 901 * hour_ms);
  EXPECT_EQ(commit(24 * us_per_hour).expired, 0);
  EXPECT_EQ(rows(), 2);
}

// A trade of the future must not make all the others old.
TEST_F(ExpiredTradesTest, AreJudgedByTheClockIfATradeIsAheadOfIt) {
  send(newest_ms_ + 30 * 24 * hour_ms);
  send(newest_ms_);
  EXPECT_EQ(commit(24 * us_per_hour).expired, 0);
}

}  // namespace
}  // namespace tradelake::bronze
