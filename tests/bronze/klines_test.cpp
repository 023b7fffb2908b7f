// The exchange's candles on their way through the sink: once each, across restarts, and beside
// trades.
#include "bronze/klines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stop_token>
#include <thread>

#include "bronze/rollback.h"
#include "bronze/sink.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "log/local_log.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t first_ms = 1'786'310'760'000;

class KlinesTest : public iceberg::LakeTest {
 protected:
  KlinesTest() {
    log_ = *log::open_local_log(folder_ / "log.db");
    EXPECT_TRUE(log_->ensure_topics(log::frame_topics()));
    writer_ = *log_->writer();
  }

  void append(const std::string& stream, const std::string& text, std::int64_t time_ms) {
    log::NewRecord record;
    const auto topic = log::topic_name("linear", stream);
    record.topic = topic;
    record.key = "BTCUSDT";
    record.value = text;
    record.headers.category = "linear";
    record.headers.recv_ns = (time_ms + 1) * 1'000'000;
    ASSERT_TRUE(writer_->append({&record, 1}, ""));
  }

  static std::string element(std::int64_t minute, const std::string& close, bool confirm,
                             std::int64_t pushed_ms) {
    const auto start = first_ms + minute * minute_ms;
    return fmt::format(
        R"({{"start":{},"end":{},"interval":"1","open":"1","close":"{}","high":"9","low":"1",)"
        R"("volume":"2","turnover":"3","confirm":{},"timestamp":{}}})",
        start, start + minute_ms - 1, close, confirm, pushed_ms);
  }

  // A push at the minute's end: it is closed, and the next one has begun.
  void send(std::int64_t minute, const std::string& close = "5", std::int64_t after_ms = 300) {
    const auto at = first_ms + (minute + 1) * minute_ms + after_ms;
    append("kline",
           R"({"topic":"kline.1.BTCUSDT","data":[)" + element(minute, close, true, at) + "," +
               element(minute + 1, close, false, at) + "]}",
           at);
  }

  void send_trade(std::int64_t time_ms) {
    append(
        "publicTrade",
        fmt::format(R"({{"topic":"publicTrade.BTCUSDT","data":[{{"T":{},"s":"BTCUSDT","S":"Buy",)"
                    R"("v":"0.1","p":"60000.5","i":"id-{}"}}]}})",
                    time_ms, ++trades_),
        time_ms);
  }

  // A process that takes all that is in the log.
  SinkStatus run() {
    const auto sink = *Sink::open(lake(), {});
    std::stop_source stop;
    stop.request_stop();
    const auto done = sink->run(stop.get_token(), us_per_minute);
    EXPECT_TRUE(done) << done.error().message;
    return sink->status();
  }

  Lake lake() { return {*log_, *catalog_, *io_, warehouse(), folder_}; }

  iceberg::Table table() { return *iceberg::load_table(*catalog_, *io_, {"bronze", "klines"}); }

  // "minute close" of each row.
  std::vector<std::string> rows() {
    const auto head = table();
    std::vector<std::string> all;
    const auto files = *iceberg::plan_files(*head.metadata, *io_, {});
    for (const auto& file : files) {
      const auto read = *iceberg::read_data_file(*head.metadata, *io_, file,
                                                 {"open_time", "close", "pushed_at"}, {});
      const iceberg::RowReader reader(*read);
      for (std::int64_t row = 0; row < reader.rows(); ++row) {
        all.push_back(fmt::format("{} {}",
                                  (reader.integer(0, row) / us_per_ms - first_ms) / minute_ms,
                                  to_string(Decimal{reader.decimal(1, row)})));
      }
    }
    std::ranges::sort(all);
    return all;
  }
  std::size_t snapshots() { return table().metadata->snapshots.size(); }

  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Writer> writer_;
  int trades_ = 0;
};

using Rows = std::vector<std::string>;

TEST_F(KlinesTest, AreStoredOnceAndCountedApartFromTrades) {
  send_trade(first_ms);
  send(0);
  send(0);
  send(1);
  const auto status = run();
  EXPECT_EQ(rows(), (Rows{"0 5", "1 5"}));
  EXPECT_EQ(status.klines.stored, 2);
  EXPECT_EQ(status.klines.repeats, 1);
  EXPECT_EQ(status.klines.open, 3);
  EXPECT_EQ(status.committed.in, 1);
  EXPECT_EQ(status.committed.ok, 1);
  EXPECT_EQ(status.committed.dead, 0);
}

TEST_F(KlinesTest, AreToldFromRepeatsAfterARestart) {
  send(0);
  run();
  send(0, "5", 900);
  send(1);
  const auto status = run();
  EXPECT_EQ(status.klines.repeats, 1);
  EXPECT_EQ(rows(), (Rows{"0 5", "1 5"}));
}

// Long after the window of ids; also where two repeats come at once.
TEST_F(KlinesTest, AreToldFromRepeatsThatAreOld) {
  send(0);
  run();
  send(60);
  send(0, "5", 900);
  send(7);
  send(7, "5", 800);
  auto status = run();
  EXPECT_EQ(status.klines.repeats, 2);
  EXPECT_EQ(rows(), (Rows{"0 5", "60 5", "7 5"}));
}

TEST_F(KlinesTest, WithOtherValuesAreRowsOfTheirOwn) {
  send(0, "5");
  send(0, "6", 900);
  run();
  send(0, "7", 1'200);
  run();
  EXPECT_EQ(rows(), (Rows{"0 5", "0 6", "0 7"}));
}

TEST_F(KlinesTest, MakeNoSnapshotWhereThereAreNone) {
  send_trade(first_ms);
  append("kline",
         R"({"topic":"kline.1.BTCUSDT","data":[)" + element(0, "1", false, first_ms) + "]}",
         first_ms);
  const auto status = run();
  EXPECT_EQ(status.klines.open, 1);
  EXPECT_EQ(snapshots(), 0u);
  send(0);
  run();
  EXPECT_EQ(snapshots(), 1u);
  EXPECT_EQ(iceberg::load_table(*catalog_, *io_, {"bronze", "trades"})->metadata->snapshots.size(),
            1u);
}

TEST_F(KlinesTest, ThatCannotBeReadAreCountedByReasonAndNoDeadLetters) {
  append("kline", R"({"topic":"kline.1.BTCUSDT","data":[{"confirm":true}]})", first_ms);
  append("kline", R"({"topic":"kline.1.BTCUSDT","data":[{"confirm":1}]})", first_ms);
  append("kline", R"({"topic":"kline.1.BTCUSDT","data":[)", first_ms);
  const auto status = run();
  const auto count = [&](Reason reason) {
    return status.klines.unreadable[static_cast<std::size_t>(reason)];
  };
  EXPECT_EQ(count(Reason::missing_field), 1);
  EXPECT_EQ(count(Reason::wrong_type), 1);
  EXPECT_EQ(count(Reason::not_json), 1);
  EXPECT_EQ(status.committed.in, 0);
  EXPECT_TRUE(status.dead_by_reason.empty());
  // They are passed over: nothing is read again.
  EXPECT_EQ(run().klines.unreadable, KlineCounts().unreadable);
}

TEST_F(KlinesTest, AreReadAnewAfterARollback) {
  send_trade(first_ms);
  send(0);
  run();
  const auto before = table().metadata->current_snapshot()->id;
  send(1);
  send(2);
  run();
  const auto plan =
      plan_rollback(lake(), Sink::pipeline, {"bronze", "klines"}, before, 600'000'000);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_TRUE(roll_back(lake(), *plan));
  EXPECT_EQ(rows(), (Rows{"0 5"}));
  send(1, "5", 700);
  run();
  EXPECT_EQ(rows(), (Rows{"0 5", "1 5", "2 5"}));
}

// One that reads along keeps none: nobody asks it for them.
TEST_F(KlinesTest, AreNotKeptByAFollower) {
  send(0);
  run();
  const auto follower = *Sink::open(lake(), {}, Role::follower);
  send(1);
  std::jthread thread([&](std::stop_token stop) { EXPECT_TRUE(follower->follow(stop)); });
  const auto end = log_->offsets()->at({"bybit.v5.linear.kline", log::partition_of("BTCUSDT")}).end;
  for (int n = 0; n < 400; ++n) {
    const auto consumed = follower->consumed_offsets();
    const auto at = consumed.find({"bybit.v5.linear.kline", log::partition_of("BTCUSDT")});
    if (at != consumed.end() && at->second == end) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  EXPECT_EQ(
      follower->consumed_offsets().at({"bybit.v5.linear.kline", log::partition_of("BTCUSDT")}),
      end);
  EXPECT_EQ(follower->status().klines.open, 0);
}

}  // namespace
}  // namespace tradelake::bronze
