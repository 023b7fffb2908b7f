// What doctor thinks of numbers: each threshold from both sides.
#include <gtest/gtest.h>

#include "core/time.h"
#include "ops/catalog_check.h"
#include "ops/clock_check.h"
#include "ops/dead_letter_check.h"
#include "ops/disk_check.h"
#include "ops/exchange_check.h"
#include "ops/log_check.h"
#include "ops/memory_check.h"
#include "ops/table_check.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

constexpr std::int64_t mib = 1 << 20, gib = 1 << 30;

TEST(JudgeClock, CountsOnlyWhatIsBeyondTheUncertainty) {
  const auto status = [](std::int64_t ahead_us, std::int64_t uncertainty_us) {
    return judge_clock(std::vector<ClockReading>{{"it", ahead_us, uncertainty_us}}).status;
  };
  EXPECT_EQ(status(500'000, 0), CheckStatus::ok);
  EXPECT_EQ(status(500'001, 0), CheckStatus::warning);
  EXPECT_EQ(status(-500'001, 0), CheckStatus::warning);
  EXPECT_EQ(status(2'000'000, 0), CheckStatus::warning);
  EXPECT_EQ(status(2'000'001, 0), CheckStatus::failed);
  EXPECT_EQ(status(-2'000'001, 0), CheckStatus::failed);
  EXPECT_EQ(status(2'400'000, 2'000'000), CheckStatus::ok);
  EXPECT_EQ(status(3'000'000, 400'000), CheckStatus::failed);
}

TEST(JudgeClock, NamesTheOneThatDiffersMost) {
  const std::vector<ClockReading> readings{
      {"PostgreSQL", 10'000, 1'000}, {"the exchange", -9'000'000, 50'000}, {"S3", 600'000, 0}};
  EXPECT_EQ(worst(readings), &readings[1]);
  const auto check = judge_clock(readings);
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_EQ(check.detail, "8.9 s ahead of the exchange's");
  EXPECT_EQ(worst(std::vector<ClockReading>{{"S3", 400'000, 400'000}}), nullptr);
}

TEST(JudgeClock, ALongRoundTripMakesAReadingLessCertain) {
  const auto reading = clock_reading("it", 1'000'000, 1'450'000, 1'800'000);
  EXPECT_EQ(reading.ahead_us, 50'000);
  EXPECT_EQ(reading.uncertainty_us, 400'000);
  EXPECT_EQ(reading.certain_skew_us(), 0);
  EXPECT_EQ(clock_reading("it", 0, -700'000, 200'000).certain_skew_us(), -700'000);
}

TEST(JudgeClock, ReadsTheDatesOfHttp) {
  EXPECT_EQ(http_date_us("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000'000);
  for (const auto* bad : {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "1994-11-06T08:49:37Z"})
    EXPECT_EQ(http_date_us(bad), std::nullopt) << bad;
}

TEST(JudgeClock, TheKernelsClockIsOurs) {
  EXPECT_LT(std::abs(kernel_clock().ahead_us), 100'000);
  EXPECT_FALSE(clock_is_faked());
}

CheckStatus of_space(std::int64_t free_bytes, std::int64_t total_bytes) {
  return judge_space({"/d", "log", free_bytes, total_bytes, 0, 0}).status;
}

TEST(JudgeSpace, WantsBytesAndAShareOfThem) {
  EXPECT_EQ(of_space(gib - 1, 10 * gib), CheckStatus::failed);
  EXPECT_EQ(of_space(gib, 10 * gib), CheckStatus::warning);
  EXPECT_EQ(of_space(5 * gib - 1, 20 * gib), CheckStatus::warning);
  EXPECT_EQ(of_space(5 * gib, 20 * gib), CheckStatus::ok);
  EXPECT_EQ(of_space(9 * gib, 1000 * gib), CheckStatus::failed);
  EXPECT_EQ(of_space(49 * gib, 1000 * gib), CheckStatus::warning);
  EXPECT_EQ(of_space(50 * gib, 10'000 * gib), CheckStatus::ok) << "enough, whatever the share";
  EXPECT_EQ(of_space(0, mib), CheckStatus::failed);
}

TEST(JudgeSpace, WantsRoomForFilesWhereThatIsLimited) {
  EXPECT_EQ(judge_space({"/d", "log", 100 * gib, 200 * gib, 999, 1'000'000}).status,
            CheckStatus::failed);
  EXPECT_EQ(judge_space({"/d", "log", 100 * gib, 200 * gib, 1'000, 1'000'000}).status,
            CheckStatus::ok);
}

TEST(JudgeMemory, WantsWhatAProcessNeeds) {
  const auto status = [](std::int64_t bytes) { return judge_memory({bytes, "it"}).status; };
  EXPECT_EQ(status(512 * mib), CheckStatus::ok);
  EXPECT_EQ(status(512 * mib - 1), CheckStatus::warning);
  EXPECT_EQ(status(128 * mib), CheckStatus::warning);
  EXPECT_EQ(status(128 * mib - 1), CheckStatus::failed);
}

TEST(JudgeMemory, ReadsWhatTheKernelSays) {
  EXPECT_EQ(available_in_meminfo("MemTotal:  100 kB\nMemAvailable:    12 kB\n"), 12 * 1024);
  EXPECT_EQ(available_in_meminfo("MemTotal:  100 kB\n"), std::nullopt);
  EXPECT_EQ(available_in_group("1000\n", "700\n", "active_file 9\ninactive_file 50\n"), 350);
  EXPECT_EQ(available_in_group("1000", "700", "inactive_file 5\ntotal_inactive_file 60\n"), 360);
  EXPECT_EQ(available_in_group("1000", "1100", ""), 0);
  EXPECT_EQ(available_in_group("max\n", "700\n", ""), std::nullopt);
  EXPECT_EQ(available_in_group("9223372036854771712", "700", ""), std::nullopt) << "version 1";
  EXPECT_EQ(available_in_group("", "", ""), std::nullopt);
}

log::TopicState topic(const std::string& name) {
  log::TopicState state;
  state.name = name;
  state.partitions = state.declared_partitions = 3;
  return state;
}

TEST(JudgeTopics, NamesWhatIsMissingAndWhatDiffers) {
  std::vector<log::TopicState> topics{topic("a"), topic("b"), topic("c")};
  EXPECT_EQ(judge_topics(topics).status, CheckStatus::ok);
  topics[0].missing = true;
  topics[1].drift.push_back({"retention.ms", "172800000", "1000"});
  const auto check = judge_topics(topics);
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_EQ(check.detail, "a is missing; b: retention.ms is 1000, declared 172800000");
  EXPECT_EQ(check.action, "run `tradelake topics --apply`");
  topics[2].partitions = 4;
  EXPECT_NE(judge_topics(topics).action, check.action) << "--apply does not change their number";
}

TEST(JudgeLayout, TellsAnEmptyDatabaseFromADamagedOne) {
  EXPECT_EQ(judge_layout({}).status, CheckStatus::ok);
  EXPECT_EQ(judge_layout({{"iceberg_tables", {"a", "b"}, true}}).status, CheckStatus::info);
  EXPECT_EQ(judge_layout({{"iceberg_tables", {"iceberg_type"}, false}}).status, CheckStatus::info)
      << "Java's V0 layout";
  const auto damaged = judge_layout({{"tradelake_progress", {"epoch", "topic_id"}, false}});
  EXPECT_EQ(damaged.status, CheckStatus::failed);
  EXPECT_EQ(damaged.detail, "tradelake_progress lacks epoch, topic_id");
}

TEST(ConnectAdvice, DependsOnWhatTheServerSaid) {
  const auto password = connect_advice("FATAL:  password authentication failed for user \"x\"");
  EXPECT_TRUE(password.contains("PGPASSWORD"));
  EXPECT_EQ(connect_advice("fe_sendauth: no password supplied"), password);
  EXPECT_TRUE(connect_advice("FATAL: database \"y\" does not exist").contains("make the database"));
  EXPECT_TRUE(connect_advice("Connection refused").contains("start the server"));
}

TableCensus census() {
  TableCensus census;
  census.snapshots = census.files = 5;
  census.looked_at = 5;
  return census;
}

TEST(JudgeTable, WarnsOfWhatHurtsAndFailsOfWhatIsNotThere) {
  EXPECT_EQ(judge_table("t", census()).status, CheckStatus::ok);
  auto many = census();
  many.snapshots = 10'000;
  many.small_files = 1'000;
  EXPECT_EQ(judge_table("t", many).status, CheckStatus::ok);
  many.small_files = 1'001;
  EXPECT_EQ(judge_table("t", many).status, CheckStatus::warning);
  many.small_files = 0;
  many.snapshots = 10'001;
  EXPECT_EQ(judge_table("t", many).status, CheckStatus::warning);
  many.wrong.push_back("x.parquet is missing");
  EXPECT_EQ(judge_table("t", many).status, CheckStatus::failed);
  EXPECT_TRUE(judge_table("t", many).detail.contains("x.parquet is missing"));
}

TEST(JudgeDeadLetters, WarnsAboveAPercentWithTheCommonestReasons) {
  EXPECT_EQ(judge_dead_letters({0, 0}).status, CheckStatus::ok);
  EXPECT_EQ(judge_dead_letters({1'000, 10}).status, CheckStatus::ok);
  const auto check = judge_dead_letters(
      {1'000, 11, {{"bad_side", 2}, {"bad_time", 5}, {"not_json", 3}, {"no_data", 1}}});
  EXPECT_EQ(check.status, CheckStatus::warning);
  EXPECT_EQ(check.detail,
            "1.10 % of the last day's data (11 of 1000), commonest: 5 bad_time, 3 not_json, 2 "
            "bad_side");
}

TEST(JudgeCertificate, WarnsTwoWeeksBeforeItRunsOut) {
  const std::int64_t now = 20'000 * us_per_day;
  EXPECT_EQ(judge_certificate(now + 14 * us_per_day, now).status, CheckStatus::ok);
  EXPECT_EQ(judge_certificate(now + 14 * us_per_day - 1, now).status, CheckStatus::warning);
  EXPECT_EQ(judge_certificate(now, now).status, CheckStatus::failed);
}

TEST(Units, AreReadable) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(std::int64_t{5000} << 40), "5000.0 TiB");
  EXPECT_EQ(time_text(800), "0.8 ms");
  EXPECT_EQ(time_text(-12'300), "12 ms");
  EXPECT_EQ(time_text(3'240'000), "3.2 s");
  EXPECT_EQ(time_text(240 * us_per_second), "4 min");
  EXPECT_EQ(time_text(5 * us_per_hour), "5 h");
  EXPECT_EQ(time_text(12 * us_per_day), "12 days");
}

}  // namespace
}  // namespace tradelake::ops
