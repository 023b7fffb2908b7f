// When a pipeline is behind, stale, or about to lose what it has not read.
#include "ops/pipeline_check.h"

#include <gtest/gtest.h>

#include "core/time.h"

namespace tradelake::ops {
namespace {

constexpr std::int64_t stale_after_us = 60 * us_per_second;

PartitionStanding partition(std::int64_t next, std::int64_t start, std::int64_t end,
                            bool waiting = false) {
  return {{"bybit.v5.linear.publicTrade", 1}, next, {start, end}, waiting};
}

PipelineStanding pipeline(std::vector<PartitionStanding> partitions, std::int64_t idle_us = 0) {
  PipelineStanding standing;
  standing.name = "bronze";
  standing.partitions = std::move(partitions);
  standing.has_committed = true;
  standing.idle_us = idle_us;
  standing.stale_after_us = stale_after_us;
  return standing;
}

TEST(JudgePipeline, AtTheEndIsWellHoweverLongAgoTheLastCommitWas) {
  const auto check = judge_pipeline(pipeline({partition(9, 0, 9)}, 50 * us_per_day));
  EXPECT_EQ(check.status, CheckStatus::ok);
  EXPECT_EQ(check.detail, "at the log's end, last commit 50 days ago");
}

TEST(JudgePipeline, TellsTheLagOfEachPartition) {
  const auto check = judge_pipeline(pipeline({partition(4, 0, 9), partition(9, 0, 9)}));
  EXPECT_EQ(check.status, CheckStatus::ok);
  EXPECT_EQ(check.detail, "5 records behind (linear.publicTrade/1: 5), last commit 0.0 ms ago");
}

TEST(JudgePipeline, IsStaleIfRecordsWaitAndNothingIsCommitted) {
  EXPECT_EQ(judge_pipeline(pipeline({partition(4, 0, 9, true)}, stale_after_us)).status,
            CheckStatus::warning)
      << "it commits: it is behind";
  const auto check = judge_pipeline(pipeline({partition(4, 0, 9, true)}, stale_after_us + 1));
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_TRUE(
      check.detail.starts_with("stale: records wait for more than 60.0 s "
                               "(linear.publicTrade/1: 5)"))
      << check.detail;
  EXPECT_TRUE(check.action.contains("tradelake sink"));
  EXPECT_EQ(judge_pipeline(pipeline({partition(4, 0, 9)}, us_per_day)).status, CheckStatus::ok)
      << "idle for long, and records that have just come";
}

TEST(JudgePipeline, WarnsBeforeRetentionRemovesWhatWasNotRead) {
  auto standing = pipeline({partition(109, 100, 200)});
  EXPECT_EQ(judge_pipeline(standing).status, CheckStatus::ok) << "the local log waits for us";
  standing.log_retains_by_time = true;
  EXPECT_EQ(judge_pipeline(standing).status, CheckStatus::warning);
  standing.partitions = {partition(110, 100, 200)};
  EXPECT_EQ(judge_pipeline(standing).status, CheckStatus::ok);
  standing.partitions = {partition(0, 0, 200)};
  EXPECT_EQ(judge_pipeline(standing).status, CheckStatus::ok) << "nothing was removed yet";
  standing.partitions = {partition(200, 200, 200)};
  EXPECT_EQ(judge_pipeline(standing).status, CheckStatus::ok) << "all was read";
}

TEST(JudgePipeline, ALogThatIsNotTheTablesOwnFailsWhateverElse) {
  auto standing = pipeline({partition(9, 0, 9)});
  standing.lost = {"t partition 0 was recreated"};
  const auto check = judge_pipeline(standing);
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_TRUE(check.detail.contains("t partition 0 was recreated"));
}

// A log with one partition, records 10 … 19, all appended at time 0.
class View : public log::LogView {
 public:
  Result<std::string> description() override { return "made up"; }
  Result<std::vector<log::TopicInfo>> topics() override {
    return std::vector<log::TopicInfo>{{where_.topic, "id", 1}};
  }
  Result<log::LogRanges> offsets() override { return log::LogRanges{{where_, {10, 20}}}; }
  Result<std::vector<log::TopicPartition>> waiting_since(std::int64_t appended_before_us,
                                                         const log::NextOffsets& next) override {
    std::vector<log::TopicPartition> waiting;
    for (const auto& [where, offset] : next)
      if (appended_before_us > 0) waiting.push_back(where);
    return waiting;
  }

 private:
  log::TopicPartition where_{"bybit.v5.linear.publicTrade", 0};
};

Check check_bronze(log::LogView* view, std::optional<iceberg::ProgressRow> row,
                   std::int64_t now_us = 0) {
  TableHeads heads;
  heads.progress["silver"];
  auto& rows = heads.progress["bronze"];
  if (row) rows.push_back(*row);
  PipelineLook look;
  look.now_us = now_us;
  look.stale_after_us = stale_after_us;
  return check_pipelines(view, heads, look).at(0);
}

iceberg::ProgressRow row(std::int64_t next_offset, const std::string& id = "id",
                         std::int32_t partition = 0) {
  iceberg::ProgressRow row;
  row.topic = "bybit.v5.linear.publicTrade";
  row.partition = partition;
  row.next_offset = next_offset;
  row.topic_id = id;
  return row;
}

TEST(CheckPipelines, HoldsTheProgressRowsAgainstTheLog) {
  View view;
  EXPECT_EQ(check_bronze(&view, row(20)).status, CheckStatus::ok);
  EXPECT_EQ(check_bronze(&view, row(15)).status, CheckStatus::ok);
  EXPECT_EQ(check_bronze(&view, row(15), 2 * stale_after_us).status, CheckStatus::failed);
  EXPECT_TRUE(check_bronze(&view, row(21)).detail.contains("ends at 20, before 21"));
  EXPECT_TRUE(check_bronze(&view, row(9)).detail.contains("starts at 10, after 9"));
  EXPECT_TRUE(check_bronze(&view, row(15, "other")).detail.contains("was recreated"));
  EXPECT_TRUE(check_bronze(&view, row(15, "id", 5)).detail.contains("is no longer in it"));
  EXPECT_EQ(check_bronze(&view, row(9)).status, CheckStatus::failed);
}

TEST(CheckPipelines, WhatHasNeverRunIsNoTroubleAndALogThatIsGoneIs) {
  View view;
  EXPECT_EQ(check_bronze(&view, {}).status, CheckStatus::info);
  EXPECT_EQ(check_bronze(nullptr, {}).status, CheckStatus::info);
  EXPECT_EQ(check_bronze(nullptr, row(5)).status, CheckStatus::failed);
}

}  // namespace
}  // namespace tradelake::ops
