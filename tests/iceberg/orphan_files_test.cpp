// Orphans: exactly the files that nothing leads to, of an age that no commit reaches; by example,
// and over random histories with files of every kind planted among them.
#include "iceberg/orphan_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/time.h"
#include "iceberg/expire_snapshots.h"
#include "iceberg/ref_update.h"
#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

constexpr std::int64_t day_us = us_per_day;
const auto go_on = [] { return Result<>(); };

// One in which something cannot be read.
class BrokenIo final : public FileIo {
 public:
  explicit BrokenIo(FileIo& io) : io_(io) {}
  std::string broken;  // part of a name; empty: none

  Result<std::string> read(std::string_view uri) override {
    if (!broken.empty() && uri.find(broken) != uri.npos)
      return make_error(Errc::not_found, "{} is not there", uri);
    return io_.read(uri);
  }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    return io_.open(uri);
  }
  Result<> write_new(std::string_view uri, std::string_view bytes) override {
    return io_.write_new(uri, bytes);
  }
  Result<> remove(std::string_view uri) override { return io_.remove(uri); }
  Result<std::vector<FileStatus>> list(std::string_view prefix) override {
    return io_.list(prefix);
  }

 private:
  FileIo& io_;
};

class OrphanFilesTest : public LakeTest {
 protected:
  // A file of this name in the table's folder; its URI.
  std::string put(const Table& table, const std::string& name) {
    const auto uri = table.metadata->location + "/" + name;
    EXPECT_TRUE(io_->write_new(uri, "bytes"));
    return uri;
  }

  std::string put_data(const Table& table, int n) {
    return put(table, fmt::format("data/text=a/{}.parquet", n));
  }

  // As they are in two days.
  Result<std::vector<std::string>> orphans(const Table& table, FileIo& io,
                                           std::int64_t min_age_us = day_us) {
    ReachableFiles reachable;
    TL_ASSIGN(const auto found, find_orphans(*catalog_, io, table.ident, reachable, min_age_us,
                                             now_us() + 2 * day_us, go_on));
    std::vector<std::string> uris;
    for (const auto& file : found) uris.push_back(file.uri);
    std::ranges::sort(uris);
    return uris;
  }
  std::vector<std::string> orphans(const Table& table) { return orphans(table, *io_).value(); }
};

TEST(BarePath, IsTheSameForEverySpelling) {
  for (const auto* uri : {"file:///a/b", "file:/a/b", "/a/b", "/a//b/", "file:///a/b/"})
    EXPECT_EQ(bare_path(uri), "/a/b") << uri;
  for (const auto* uri : {"s3://bucket/a/b", "s3a://bucket/a/b", "s3n://bucket//a/b"})
    EXPECT_EQ(bare_path(uri), "/a/b") << uri;
  EXPECT_EQ(bare_path("s3://bucket"), "");
  EXPECT_EQ(bare_path("/a/t=10:/b"), "/a/t=10:/b");
}

TEST_F(OrphanFilesTest, AreWhatNoSnapshotMetadataOrLogNames) {
  auto table = make_table("t");
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(append(table, {small_file(put_data(table, n))}));
  EXPECT_EQ(orphans(table), std::vector<std::string>{});
  std::vector planted{put_data(table, 7), put(table, "metadata/snap-1-1-x.avro"),
                      put(table, "metadata/00009-x.metadata.json"), put(table, "anything")};
  put(table, "metadata/version-hint.text");
  std::ranges::sort(planted);
  EXPECT_EQ(orphans(table), planted);
}

TEST_F(OrphanFilesTest, WhateverTheSpellingOfThePathInTheTable) {
  auto table = make_table("t");
  auto java = put_data(table, 1), plain = put_data(table, 2);
  java.replace(0, 7, "file:");
  plain.erase(0, 7);
  ASSERT_TRUE(append(table, {small_file(java), small_file(plain)}));
  EXPECT_EQ(orphans(table), std::vector<std::string>{});
}

TEST_F(OrphanFilesTest, FilesOfOlderSnapshotsAreNoneUntilThoseExpire) {
  auto table = make_table("t");
  const auto first = put_data(table, 1), second = put_data(table, 2);
  ASSERT_TRUE(append(table, {small_file(first)}));
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, overwrite_files({first}, {small_file(second)}));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(orphans(table), std::vector<std::string>{});
  // Expired, but its files were not removed: cut off between the two.
  ReachableFiles reachable;
  const auto garbage = std::make_shared<std::vector<std::string>>();
  Transaction expiry(*catalog_, *io_);
  expiry.add(table, expire_snapshots({now_ms() + 10'000, 1, 1}, reachable, garbage));
  ASSERT_TRUE(expiry.commit());
  auto left = *garbage;
  std::ranges::sort(left);
  EXPECT_TRUE(std::ranges::binary_search(left, first));
  EXPECT_EQ(orphans(table), left);
}

TEST_F(OrphanFilesTest, YoungOnesAreNotSeenAndLessThanACommitsTimeIsRefused) {
  auto table = make_table("t");
  put_data(table, 1);
  EXPECT_EQ(orphans(table, *io_, 2 * day_us + us_per_minute).value(), std::vector<std::string>{});
  const auto refused = orphans(table, *io_, least_orphan_age_us - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_GT(least_orphan_age_us, longest_commit_us);
}

TEST_F(OrphanFilesTest, NothingIsOneWhereSomethingCannotBeRead) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file(put_data(table, 1))}));
  ASSERT_TRUE(append(table, {small_file(put_data(table, 2))}));
  put_data(table, 3);
  BrokenIo io(*io_);
  EXPECT_EQ(orphans(table, io)->size(), 1U);
  for (const auto* name : {"snap-", "-m0.avro", ".metadata.json"}) {
    io.broken = name;
    EXPECT_FALSE(orphans(table, io)) << name;
  }
}

TEST_F(OrphanFilesTest, TablesInTablesAndTablesThatForbidItAreRefused) {
  auto kept = make_table("kept", {{"gc.enabled", "false"}});
  EXPECT_EQ(orphans(kept, *io_).error().code, Errc::invalid_argument);
  auto outer = make_table("outer");
  auto inner = *outer.metadata;
  inner.location += "/inner";
  const auto location = inner.location + "/metadata/00000-a.metadata.json";
  ASSERT_TRUE(catalog_->create_table({"bronze", "inner"}, location));
  const auto refused = orphans(outer, *io_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_NE(refused.error().message.find("bronze.inner"), std::string::npos);
}

TEST_F(OrphanFilesTest, OverRandomHistoriesExactlyThePlantedOnes) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
    auto table = make_table(fmt::format("t{}", seed));
    ReachableFiles reachable;
    std::vector<std::string> planted;
    for (int step = 0; step < 25; ++step) {
      const auto live = live_paths(table);
      const int what = below(6);
      const auto name = step * 10;
      if (what == 0) {
        planted.push_back(put_data(table, 10'000 + name));
      } else if (what == 1 && !live.empty()) {
        Transaction transaction(*catalog_, *io_);
        transaction.add(
            table,
            overwrite_files({live[static_cast<std::size_t>(below(static_cast<int>(live.size())))]},
                            {small_file(put_data(table, name))}));
        ASSERT_TRUE(transaction.commit());
      } else if (what == 2 && table.metadata->current_snapshot() != nullptr) {
        Transaction transaction(*catalog_, *io_);
        transaction.add(table, set_tag(fmt::format("t{}", step)));
        ASSERT_TRUE(transaction.commit());
      } else if (what == 3 && !live.empty()) {
        const auto garbage = std::make_shared<std::vector<std::string>>();
        Transaction transaction(*catalog_, *io_);
        transaction.add(table, expire_snapshots({now_ms() + 10'000, 1, 2}, reachable, garbage));
        ASSERT_TRUE(transaction.commit());
        if (below(2) == 0) {
          ASSERT_TRUE(io_->remove_all(*garbage));
        } else {  // cut off before the removal
          for (const auto& file : *garbage) planted.push_back(file);
        }
      } else {
        ASSERT_TRUE(append(table, {small_file(put_data(table, name))}));
      }
    }
    std::ranges::sort(planted);
    const auto found = orphans(table);
    EXPECT_EQ(found, planted) << "seed " << seed;
    ASSERT_TRUE(io_->remove_all(found));
    EXPECT_EQ(orphans(table), std::vector<std::string>{});
  }
}

TEST_F(OrphanFilesTest, ACommitThatTookLongerThanOrphansAreOldIsNotMade) {
  auto table = make_table("t");
  const auto before = table.metadata_location;
  Transaction late(*catalog_, *io_, /*longest_us=*/-1);
  late.add(table, append_files({small_file("file:///a")}));
  const auto done = late.commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict);
  EXPECT_EQ(*catalog_->metadata_location(table.ident), before);
}

}  // namespace
}  // namespace tradelake::iceberg
