// Each guard by itself: that it is reached, and what it does. The runs of faults_test.cpp show that
// nothing is missing where they work together.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "faults/runs.h"

namespace tradelake::faults {
namespace {

using iceberg::Fault;
using iceberg::Faults;

class GuardsTest : public testing::Test {
 protected:
  GuardsTest() { spdlog::set_level(spdlog::level::off); }

  std::unique_ptr<Process> process() {
    return std::make_unique<Process>(world_, faults_, plain_plan().process);
  }
  // A process that replays a capture and commits it, from its start to its end.
  void commit_capture(std::size_t n, Stage stage = Stage::sink) {
    const auto whole = process();
    ASSERT_TRUE(whole->replay(world_.capture(n)));
    ASSERT_TRUE(whole->open(stage));
    ASSERT_TRUE(whole->run());
  }
  void change_catalog(const std::string& sql) {
    const auto session = *world_.session();
    ASSERT_TRUE(session->begin(iceberg::SqlSession::Access::write));
    const auto changed = session->change(sql, {});
    ASSERT_TRUE(changed);
    ASSERT_GT(*changed, 0);
    ASSERT_TRUE(session->commit());
  }
  // The code that a process ends with, and the tables as they were before.
  std::optional<Errc> end_of(Process& process) {
    const auto files = heads();
    const auto done = process.run();
    EXPECT_EQ(heads(), files);
    return done ? std::nullopt : std::optional(done.error().code);
  }
  std::vector<std::string> heads() {
    const auto catalog = iceberg::catalog_in([&] { return world_.session(); }, "tradelake");
    std::vector<std::string> all;
    const auto tables = *catalog->list_tables();
    for (const auto& table : tables) all.push_back(*catalog->metadata_location(table));
    return all;
  }

  World world_{plain_plan().input, plain_plan().log};
  Faults faults_;
};

TEST_F(GuardsTest, WhoeverWritesOntoAnothersOffsetsIsFenced) {
  commit_capture(0);
  for (const auto stage : {Stage::sink, Stage::candles}) {
    const auto first = process(), second = process();
    ASSERT_TRUE(first->open(stage));
    ASSERT_TRUE(first->replay(world_.capture(1)));
    ASSERT_TRUE(second->open(stage));
    ASSERT_TRUE(second->run());
    EXPECT_EQ(end_of(*first), Errc::fenced);
  }
}

TEST_F(GuardsTest, OfTwoThatBeginOnlyOneCommits) {
  const auto first = process(), second = process();
  ASSERT_TRUE(first->replay(world_.capture(0)));
  for (const auto stage : {Stage::sink, Stage::candles}) {
    ASSERT_TRUE(first->open(stage));
    ASSERT_TRUE(second->open(stage));
    ASSERT_TRUE(second->run());
    EXPECT_EQ(end_of(*first), Errc::fenced);
  }
}

// Nothing else tells here: no new partition, no moved pointer.
TEST_F(GuardsTest, AMovedOffsetFencesWhoeverBeganFromTheOldOne) {
  commit_capture(0);
  const auto first = process();
  ASSERT_TRUE(first->open(Stage::sink));
  ASSERT_TRUE(first->replay(world_.capture(1)));
  change_catalog("UPDATE tradelake_progress SET next_offset = next_offset + 1");
  EXPECT_EQ(end_of(*first), Errc::fenced);
}

TEST_F(GuardsTest, ARaisedEpochFencesWhoeverHasTheOldOne) {
  commit_capture(0);
  const auto first = process();
  ASSERT_TRUE(first->open(Stage::sink));
  ASSERT_TRUE(first->replay(world_.capture(1)));
  change_catalog("UPDATE tradelake_progress SET epoch = epoch + 1");
  EXPECT_EQ(end_of(*first), Errc::fenced);
}

TEST_F(GuardsTest, ATableThatIsAheadOfItsProgressIsNotWrittenTo) {
  commit_capture(0);
  change_catalog("UPDATE tradelake_progress SET next_offset = next_offset - 1");
  const auto opened = process()->open(Stage::sink);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

TEST_F(GuardsTest, ATableWithoutItsLastCommitIsNotWrittenTo) {
  commit_capture(0);
  change_catalog("UPDATE tradelake_table_commits SET commit_id = 'another'");
  const auto opened = process()->open(Stage::sink);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

TEST_F(GuardsTest, AnotherLogThanTheTablesWereWrittenFromIsRefused) {
  commit_capture(0);
  change_catalog("UPDATE tradelake_progress SET topic_id = 'another'");
  const auto opened = process()->open(Stage::sink);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

// The same process goes on, whether or not the commit took place.
TEST_F(GuardsTest, AnUnansweredCommitIsFoundOut) {
  const auto clean = run(plain_plan());
  std::vector<int> commits;
  for (int at = 1; at <= clean.effects; ++at) {
    if (clean.lost_codes[static_cast<std::size_t>(at) - 1] == Errc::unknown_outcome)
      commits.push_back(at);
  }
  // The first three make the sink's tables, the last one is of candles.
  ASSERT_GT(commits.size(), 5U);
  for (const int at : {commits[3], commits[4], commits.back()}) {
    for (const auto fault : {Fault::request_lost, Fault::answer_lost}) {
      auto plan = plain_plan();
      plan.faults = {{at, fault}};
      const auto outcome = run(plan);
      EXPECT_EQ(outcome.happened, 1);
      EXPECT_EQ(outcome.lives, clean.lives) << to_string(plan);
      EXPECT_TRUE(outcome.verdict.findings.empty()) << outcome.verdict.findings.front();
    }
  }
}

}  // namespace
}  // namespace tradelake::faults
