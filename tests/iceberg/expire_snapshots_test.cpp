// Expiry: what the policy keeps, and that exactly the files nobody needs go. By example, and over
// random histories against a model that reads every manifest there is.
#include "iceberg/expire_snapshots.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

class ExpireSnapshotsTest : public LakeTest {
 protected:
  // Expires as of the newest snapshot's time, and removes what is garbage then.
  std::vector<std::string> expire(Table& table, ExpiryPolicy policy) {
    if (policy.now_ms == 0) policy.now_ms = table.metadata->last_updated_ms;
    const auto garbage = std::make_shared<std::vector<std::string>>();
    Transaction transaction(*catalog_, *io_);
    transaction.add(table, expire_snapshots(policy, reachable_, garbage));
    const auto done = transaction.commit();
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_TRUE(io_->remove_all(*garbage));
    return *garbage;
  }

  Result<> overwrite(Table& table, std::vector<std::string> removed, std::vector<DataFile> added) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(table, overwrite_files(std::move(removed), std::move(added), {}));
    return transaction.commit();
  }

  // All that any snapshot of the table leads to, read without any cache.
  std::set<std::string> needed(const TableMetadata& metadata) {
    std::set<std::string> files;
    for (const auto& snapshot : metadata.snapshots) {
      files.insert(snapshot.manifest_list);
      const auto manifests = read_manifest_list(*io_, snapshot);
      EXPECT_TRUE(manifests) << manifests.error().message;
      for (const auto& manifest : *manifests) {
        files.insert(manifest.path);
        const auto entries = read_manifest(metadata, *io_, manifest);
        EXPECT_TRUE(entries) << entries.error().message;
        for (const auto& entry : *entries) {
          if (entry.status != EntryStatus::deleted) files.insert(entry.file.path);
        }
      }
    }
    return files;
  }

  ReachableFiles reachable_;
};

TEST_F(ExpireSnapshotsTest, TheNewestStayByCountAndByAge) {
  auto table = make_table("t");
  for (int n = 0; n < 5; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  const auto head = *table.metadata->current_snapshot_id;
  const auto now_ms = table.metadata->last_updated_ms;
  EXPECT_EQ(count_expired(*table.metadata, {now_ms, hour_ms, 1}), 0U);
  EXPECT_EQ(count_expired(*table.metadata, {now_ms, hour_ms, 1, 2}), 3U);
  EXPECT_EQ(count_expired(*table.metadata, {now_ms + 2 * hour_ms, hour_ms, 4}), 1U);
  EXPECT_EQ(count_expired(*table.metadata, {now_ms + 2 * hour_ms, hour_ms, 4, 2}), 1U);
  expire(table, {now_ms + 2 * hour_ms, hour_ms, 1});
  ASSERT_EQ(table.metadata->snapshots.size(), 1U);
  EXPECT_EQ(table.metadata->current_snapshot_id, head);
  EXPECT_EQ(table.metadata->snapshot_log.size(), 1U);
  EXPECT_EQ(live_paths(table).size(), 5U);
  EXPECT_GE(table.metadata->last_updated_ms, now_ms + 2 * hour_ms);
}

TEST_F(ExpireSnapshotsTest, TagsAndBranchesKeepWhatTheyName) {
  auto table = make_table("t");
  for (int n = 0; n < 6; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  auto metadata = *table.metadata;
  const auto id = [&](std::size_t n) { return metadata.snapshots[n].id; };
  metadata.refs["audit"] = {id(0), true, {}, {}, {}};
  metadata.refs["old"] = {id(1), true, {}, {}, 10};
  metadata.refs["test"] = {id(3), false, 2, {}, {}};
  std::vector snapshots(metadata.snapshots.begin(), metadata.snapshots.end());
  snapshots[1].timestamp_ms -= 11;
  metadata.snapshots = SnapshotList(std::move(snapshots));
  const auto kept = without_expired(metadata, {metadata.last_updated_ms + hour_ms, 1, 1});
  std::vector<SnapshotId> ids;
  for (const auto& snapshot : kept.snapshots) ids.push_back(snapshot.id);
  EXPECT_EQ(ids, (std::vector{id(0), id(2), id(3), id(5)}));
  EXPECT_TRUE(kept.refs.contains("audit"));
  EXPECT_FALSE(kept.refs.contains("old"));
  // A history does not tell of a change from 3 to 5.
  ASSERT_EQ(kept.snapshot_log.size(), 1U);
  EXPECT_EQ(kept.snapshot_log[0].snapshot_id, id(5));
}

TEST_F(ExpireSnapshotsTest, TheTablesOwnPropertiesComeFirst) {
  auto table = make_table("t", {{"history.expire.min-snapshots-to-keep", "3"},
                                {"history.expire.max-snapshot-age-ms", "1"}});
  for (int n = 0; n < 5; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  const auto now_ms = table.metadata->last_updated_ms + hour_ms;
  EXPECT_EQ(count_expired(*table.metadata, {now_ms, 10 * hour_ms, 1}), 2U);
}

TEST_F(ExpireSnapshotsTest, CollectionCanBeForbidden) {
  auto table = make_table("t", {{"gc.enabled", "false"}});
  for (int n = 0; n < 3; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  const ExpiryPolicy policy{table.metadata->last_updated_ms + hour_ms, 1, 1};
  EXPECT_EQ(count_expired(*table.metadata, policy), 0U);
  Transaction transaction(*catalog_, *io_);
  transaction.add(
      table, expire_snapshots(policy, reachable_, std::make_shared<std::vector<std::string>>()));
  const auto done = transaction.commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::invalid_argument);
}

TEST_F(ExpireSnapshotsTest, WhatCannotBeReadIsNeverTakenForNothing) {
  auto table = make_table("t");
  for (int n = 0; n < 3; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  const auto list = table.metadata->current_snapshot()->manifest_list;
  ASSERT_TRUE(io_->remove(list));
  const auto garbage = std::make_shared<std::vector<std::string>>();
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, expire_snapshots({table.metadata->last_updated_ms + hour_ms, 1, 1},
                                          reachable_, garbage));
  EXPECT_FALSE(transaction.commit());
  EXPECT_TRUE(garbage->empty());
  EXPECT_EQ(table.metadata->snapshots.size(), 3U);
}

TEST_F(ExpireSnapshotsTest, StatisticsOfExpiredSnapshotsGoWithTheirFiles) {
  auto table = make_table("t");
  for (int n = 0; n < 2; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n))}));
  auto before = *table.metadata;
  before.statistics_json = fmt::format(
      R"([{{"snapshot-id":{},"statistics-path":"file:///s0"}},{{"snapshot-id":{},"statistics-path":"file:///s1"}}])",
      before.snapshots[0].id.value, before.snapshots[1].id.value);
  const auto after = without_expired(before, {before.last_updated_ms + hour_ms, 1, 1});
  EXPECT_EQ(statistics_paths(after.statistics_json), std::vector<std::string>{"file:///s1"});
  const auto gone = *unreachable_files(before, after, *io_, reachable_);
  EXPECT_TRUE(std::ranges::find(gone, "file:///s0") != gone.end());
  EXPECT_TRUE(std::ranges::find(gone, "file:///s1") == gone.end());
}

TEST_F(ExpireSnapshotsTest, OverRandomHistoriesExactlyWhatNobodyNeedsGoes) {
  for (unsigned seed = 0; seed < 25; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    auto table =
        make_table(fmt::format("t{}", seed), {{"commit.manifest.min-count-to-merge", "4"}});
    std::set<std::string> ever;
    int named = 0;
    for (int step = 0; step < 60; ++step) {
      const auto live = live_paths(table);
      if (upto(3) > 0 || live.empty()) {
        std::vector<DataFile> files;
        for (int n = upto(3); n >= 0; --n)
          files.push_back(small_file(fmt::format("{}/{}", folder_.native(), named++), 1 + upto(9),
                                     std::string(1, static_cast<char>('a' + upto(3)))));
        ASSERT_TRUE(append(table, std::move(files)));
      } else {
        std::vector<std::string> removed;
        for (const auto& path : live) {
          if (upto(4) == 0) removed.push_back(path);
        }
        std::vector<DataFile> added;
        if (upto(2) == 0)
          added.push_back(small_file(fmt::format("{}/{}", folder_.native(), named++)));
        if (removed.empty()) continue;
        ASSERT_TRUE(overwrite(table, std::move(removed), std::move(added)));
      }
      if (upto(5) == 0) {
        auto note = SnapshotNote{{}, fmt::format("tag{}", upto(3)), {}};
        Transaction transaction(*catalog_, *io_);
        transaction.add(table, append_files({}, std::move(note)));
        ASSERT_TRUE(transaction.commit());
      }
      ever.merge(needed(*table.metadata));
      if (upto(6) > 0) continue;
      ExpiryPolicy policy;
      policy.min_count = 1 + upto(4);
      policy.max_count = 1 + upto(6);
      policy.max_age_ms = hour_ms;
      const auto before = needed(*table.metadata);
      const auto wanted_rows = table.metadata->current_snapshot()->summary.at("total-records");
      const auto gone = expire(table, policy);
      const auto after = needed(*table.metadata);  // every snapshot that is left can be read
      std::set<std::string> expected;
      std::ranges::set_difference(before, after, std::inserter(expected, expected.end()));
      ASSERT_EQ(std::set<std::string>(gone.begin(), gone.end()), expected) << "seed " << seed;
      ASSERT_EQ(table.metadata->current_snapshot()->summary.at("total-records"), wanted_rows);
      for (const auto& [name, ref] : table.metadata->refs)
        ASSERT_NE(table.metadata->find_snapshot(ref.snapshot_id), nullptr) << name;
    }
  }
}

}  // namespace
}  // namespace tradelake::iceberg
