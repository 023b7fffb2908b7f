// Turns to commit in: who waits alone comes before those who came later, and nobody waits for ever.
#include "iceberg/commit_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

using namespace std::chrono_literals;
using Company = CommitQueue::Company;

TEST(CommitQueue, TurnsBesideOthersAreHeldTogetherAndThoseAloneAreNot) {
  CommitQueue queue;
  auto first = queue.wait(Company::others, 0ms);
  auto second = queue.wait(Company::others, 0ms);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(queue.wait(Company::none, 1ms));
  first.reset();
  second.reset();
  const auto alone = queue.wait(Company::none, 0ms);
  EXPECT_TRUE(alone);
  EXPECT_FALSE(queue.wait(Company::others, 1ms));
  EXPECT_FALSE(queue.wait(Company::none, 1ms));
}

TEST(CommitQueue, WhoGivesUpHoldsNobodyUp) {
  CommitQueue queue;
  auto held = queue.wait(Company::others, 0ms);
  std::thread waits([&] { EXPECT_FALSE(queue.wait(Company::none, 100ms)); });
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE(queue.wait(Company::others, 1ms));  // it came later
  EXPECT_TRUE(queue.wait(Company::others, 5s));
  waits.join();
}

using CommitQueueLakeTest = LakeTest;

// Without the queue the slow one loses to the other at every attempt.
TEST_F(CommitQueueLakeTest, ASlowChangeIsCommittedBesideAWriterThatNeverStops) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file("file:///first")}));
  std::atomic<bool> stop = false;
  std::atomic<int> commits = 0;
  std::thread busy([&] {
    auto theirs = *load_table(*catalog_, *io_, table.ident);
    while (!stop) {
      Transaction transaction(*catalog_, *io_);
      transaction.add(theirs,
                      append_files({small_file(fmt::format("file:///{}", commits.load()))}));
      EXPECT_TRUE(transaction.commit(100));
      ++commits;
    }
  });
  class Slow final : public Action {
   public:
    Result<TableMetadata> apply(const TableMetadata& base, FileIo&, int) override {
      std::this_thread::sleep_for(100ms);  // many times what a commit takes
      auto next = base;
      next.properties["slow"] = "done";
      return next;
    }
  };
  while (commits < 3) std::this_thread::sleep_for(1ms);
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, std::make_unique<Slow>());
  const auto done = transaction.commit(3);
  stop = true;
  busy.join();
  ASSERT_TRUE(done) << done.error().message;
  const auto head = load_table(*catalog_, *io_, table.ident);
  EXPECT_EQ(head->metadata->properties.at("slow"), "done");
}

}  // namespace
}  // namespace tradelake::iceberg
