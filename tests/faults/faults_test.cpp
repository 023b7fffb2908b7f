// Every effect of a run struck in every way, then pairs and more by seed; the judge has to find
// nothing lost, nothing doubled.
//
// FAULTS_SEED=n runs that seed alone, FAULTS_SEEDS=count so many of them; FAULTS_JSON names a file
// for the counts.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

#include "faults/runs.h"

namespace tradelake::faults {
namespace {

using iceberg::Fault;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  return std::stoull(text);
}

struct Counts {
  int runs = 0, happened = 0, crashes = 0, lives = 0, lost = 0, doubled = 0, failed = 0;
};

struct Named {
  std::string name;
  Plan plan;
};

// Runs wait more than they work (a process waits before it tries again): more of them than cores.
Counts run_all(const std::vector<Named>& plans) {
  constexpr unsigned at_once = 8;
  constexpr int shown = 5;
  Counts counts;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    while (true) {
      const auto n = next++;
      if (n >= plans.size()) return;
      const auto outcome = run(plans[n].plan);
      const auto& verdict = outcome.verdict;
      const std::lock_guard lock(mutex);
      ++counts.runs;
      counts.happened += outcome.happened;
      counts.crashes += outcome.crashes;
      counts.lives += outcome.lives;
      counts.lost += verdict.lost;
      counts.doubled += verdict.doubled;
      if (verdict.findings.empty()) continue;
      if (++counts.failed > shown) continue;
      std::string findings;
      for (std::size_t i = 0; i < verdict.findings.size() && i < 12; ++i)
        findings += "\n  " + verdict.findings[i];
      ADD_FAILURE() << plans[n].name << " (" << to_string(plans[n].plan)
                    << "): " << verdict.findings.size() << " findings" << findings;
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < at_once; ++i) threads.emplace_back(work);
  threads.clear();
  return counts;
}

// Adds to the file what this test counted, beside what the others did.
void tell(const std::string& name, const Counts& counts, nlohmann::json more) {
  more["runs"] = counts.runs;
  more["happened"] = counts.happened;
  more["crashes"] = counts.crashes;
  more["lives"] = counts.lives;
  more["lost"] = counts.lost;
  more["doubled"] = counts.doubled;
  more["failed"] = counts.failed;
  std::cout << name << ": " << more.dump() << "\n";
  const char* path = std::getenv("FAULTS_JSON");
  if (path == nullptr) return;
  nlohmann::json all = nlohmann::json::object();
  if (std::ifstream in(path); in) all = nlohmann::json::parse(in, nullptr, false);
  if (!all.is_object()) all = nlohmann::json::object();
  all[name] = std::move(more);
  std::ofstream(path) << all.dump(2) << "\n";
}

class FaultsTest : public testing::Test {
 protected:
  FaultsTest() { spdlog::set_level(spdlog::level::off); }
};

// Not for who looks for what one seed does.
class EnumerationTest : public FaultsTest {
 protected:
  void SetUp() override {
    if (std::getenv("FAULTS_SEED") != nullptr) GTEST_SKIP() << "one seed is asked for";
  }
};

TEST_F(EnumerationTest, AtEveryEffectOfARun) {
  const auto clean = run(plain_plan());
  ASSERT_TRUE(clean.verdict.findings.empty()) << clean.verdict.findings.front();
  ASSERT_EQ(clean.lives, 2);
  ASSERT_EQ(run(plain_plan()).effects, clean.effects);
  std::vector<Named> plans;
  for (int at = 1; at <= clean.effects; ++at) {
    for (const auto fault : {Fault::fails, Fault::request_lost, Fault::answer_lost,
                             Fault::lands_late, Fault::crash_before, Fault::crash_after}) {
      // Elsewhere they are the same as a failure, and as a lost answer.
      if ((fault == Fault::request_lost || fault == Fault::lands_late) &&
          clean.lost_codes[static_cast<std::size_t>(at) - 1] != Errc::unknown_outcome)
        continue;
      auto plan = plain_plan();
      plan.faults = {{at, fault}};
      plans.push_back({fmt::format("effect {} of {}", at, clean.effects), plan});
    }
  }
  const auto counts = run_all(plans);
  EXPECT_EQ(counts.happened, counts.runs);
  tell("points", counts, {{"points", clean.effects}});
}

TEST_F(EnumerationTest, AtEveryReadOfARun) {
  const auto clean = run(plain_plan());
  ASSERT_GT(clean.reads, 0);
  std::vector<Named> plans;
  for (int at = 1; at <= clean.reads; ++at) {
    auto plan = plain_plan();
    plan.failing_reads = {at};
    plans.push_back({fmt::format("read {} of {}", at, clean.reads), plan});
  }
  const auto counts = run_all(plans);
  EXPECT_EQ(counts.happened, counts.runs);
  tell("reads", counts, {{"reads", clean.reads}});
}

TEST_F(FaultsTest, BySeed) {
  std::vector<Named> plans;
  if (const auto seed = number_from("FAULTS_SEED")) {
    plans.push_back({fmt::format("FAULTS_SEED={}", *seed), plan_of(*seed)});
  } else {
    for (std::uint64_t n = 1; n <= number_from("FAULTS_SEEDS").value_or(100); ++n)
      plans.push_back({fmt::format("FAULTS_SEED={}", n), plan_of(n)});
  }
  const auto counts = run_all(plans);
  tell("seeds", counts, {{"seeds", plans.size()}});
}

}  // namespace
}  // namespace tradelake::faults
