// What is merged when: by sizes, ages and clocks alone.
#include "ops/compaction_plan.h"

#include <gtest/gtest.h>

#include <set>

#include "core/time.h"
#include "iceberg/lake_fixture.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

constexpr std::int64_t hour = 480'000, end_of_hour_us = (hour + 1) * us_per_hour;
constexpr std::int64_t kib = 1024, mib = 1024 * kib;

class CompactionPlanTest : public testing::Test {
 protected:
  CompactionPlanTest() {
    Schema schema = small_schema();
    schema.fields.push_back({FieldId{7}, "time", primitive(TypeKind::timestamp), true, ""});
    metadata_ = new_table_metadata(
        "file:///t", schema,
        {SpecId{0}, {{FieldId{7}, FieldId{1000}, "time_hour", parse_transform("hour")}}}, {}, {},
        0);
    partition_.values = {Value{static_cast<std::int32_t>(hour)}};
  }

  void add(std::int64_t bytes, std::int64_t committed_us, bool closed = false) {
    ++count_;
    Snapshot snapshot;
    snapshot.id = SnapshotId{count_};
    snapshot.timestamp_ms = committed_us / us_per_ms;
    metadata_.snapshots.push_back(snapshot);
    ManifestEntry entry;
    entry.snapshot_id = snapshot.id;
    entry.sequence_number = SequenceNumber{count_};
    const auto name = std::to_string(count_);
    entry.file.path = "file:///t/" + (closed ? closed_file_name(name) : name + ".parquet");
    entry.file.size_bytes = bytes;
    entry.file.record_count = bytes / 30 + 1;
    partition_.files.push_back(entry);
  }

  std::vector<CompactionJob> plan(std::int64_t now_us) const {
    return plan_compaction(metadata_, {partition_}, rules_, now_us);
  }

  TableMetadata metadata_;
  LivePartition partition_;
  CompactionRules rules_;
  std::int64_t count_ = 0;
  const std::int64_t early_us_ = end_of_hour_us - 30 * us_per_minute;
  const std::int64_t late_us_ = end_of_hour_us + 30 * us_per_minute;
};

TEST_F(CompactionPlanTest, ADozenSmallFilesOfAHotPartitionAreMerged) {
  for (int n = 0; n < 11; ++n) add(10 * kib, early_us_);
  EXPECT_TRUE(plan(early_us_).empty());
  add(10 * kib, early_us_);
  const auto jobs = plan(early_us_);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_FALSE(jobs[0].closing);
  EXPECT_EQ(jobs[0].inputs.size(), 12U);
}

TEST_F(CompactionPlanTest, OrFewerThatHaveWaited) {
  add(10 * kib, early_us_ - 2 * us_per_hour);
  EXPECT_TRUE(plan(early_us_).empty());  // one alone gains nothing
  add(10 * kib, early_us_);
  EXPECT_EQ(plan(early_us_).size(), 1U);
  // Of an expired snapshot: it has waited.
  metadata_.snapshots.clear();
  EXPECT_EQ(plan(early_us_).size(), 1U);
}

TEST_F(CompactionPlanTest, LargeFilesAreNotMergedWithSmallOnes) {
  for (int n = 0; n < 3; ++n) add(40 * mib, early_us_);
  for (int n = 0; n < 12; ++n) add(10 * kib, early_us_);
  const auto jobs = plan(early_us_);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].inputs.size(), 12U);
}

TEST_F(CompactionPlanTest, AClosedPartitionIsRewrittenOnceAndThenLeft) {
  add(10 * mib, early_us_);
  EXPECT_TRUE(plan(end_of_hour_us + rules_.grace_us - 1).empty());
  const auto jobs = plan(end_of_hour_us + rules_.grace_us);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_TRUE(jobs[0].closing);
  EXPECT_EQ(jobs[0].inputs.size(), 1U);
  partition_.files.clear();
  add(9 * mib, late_us_, true);
  EXPECT_TRUE(plan(late_us_ + us_per_day).empty());
}

TEST_F(CompactionPlanTest, ARowThatComesLateIsRewrittenAloneAndOnlyWhenItIsQuiet) {
  add(30 * mib, late_us_, true);
  add(5 * kib, late_us_);
  EXPECT_TRUE(plan(late_us_ + rules_.quiet_us - us_per_ms).empty());
  const auto jobs = plan(late_us_ + rules_.quiet_us);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].inputs.size(), 1U);
  EXPECT_EQ(jobs[0].inputs[0].file.size_bytes, 5 * kib);
}

TEST_F(CompactionPlanTest, APartitionWithoutAnEndIsNeverClosed) {
  for (int n = 0; n < 20; ++n) add(10 * kib, early_us_);
  partition_.values = {std::nullopt};
  const auto jobs = plan(late_us_ + us_per_day);
  ASSERT_EQ(jobs.size(), 1U);  // small files are merged
  EXPECT_FALSE(jobs[0].closing);
}

// Any partition comes to rest, whatever is in it, within memory all the time.
TEST_F(CompactionPlanTest, CarriedOutAgainAndAgainItEnds) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::srand(seed);
    const auto upto = [](int n) { return std::rand() % n; };
    partition_.files.clear();
    metadata_.snapshots.clear();
    for (int n = upto(300); n >= 0; --n) {
      const auto size = std::int64_t{1} << (8 + upto(19));
      add(size, early_us_ - upto(100) * us_per_minute, upto(10) == 0);
    }
    const bool closed = upto(2) == 0;
    std::int64_t before = 0, rewritten = 0;
    for (const auto& entry : partition_.files) before += entry.file.size_bytes;
    int rounds = 0;
    while (true) {
      const auto now_us = closed ? late_us_ + us_per_day : early_us_;
      const auto jobs = plan(now_us);
      if (jobs.empty()) break;
      ASSERT_LT(++rounds, 400) << "seed " << seed;
      for (const auto& job : jobs) {
        std::set<std::string> gone;
        std::int64_t bytes = 0;
        for (const auto& entry : job.inputs) {
          ASSERT_TRUE(gone.insert(entry.file.path).second);
          bytes += entry.file.size_bytes;
        }
        std::erase_if(partition_.files,
                      [&](const auto& entry) { return gone.contains(entry.file.path); });
        rewritten += bytes;
        for (; bytes > 0; bytes -= rules_.target_bytes)
          add(std::min(bytes, rules_.target_bytes), now_us - 2 * rules_.quiet_us, job.closing);
      }
    }
    if (closed) {
      for (const auto& entry : partition_.files)
        EXPECT_TRUE(is_closed_file(entry.file.path)) << "seed " << seed;
    }
    EXPECT_LT(rewritten, before * 12 + 100 * mib) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tradelake::ops
