// Actions and transactions on a real folder and catalog: what snapshots hold, conflicts, the fence,
// and faults at every effect.
#include "iceberg/transaction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "fault_injection.h"
#include "hooked_catalog.h"
#include "iceberg/manifest_merge.h"
#include "iceberg/orphan_files.h"
#include "iceberg/table_metadata_json.h"
#include "lake_fixture.h"
#include "parquet_memory_io.h"

namespace tradelake::iceberg {
namespace {

using TransactionTest = LakeTest;

// Of a result that ought to be an error.
template <class T>
std::optional<Errc> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

ProgressUpdate step(std::optional<std::int64_t> from, std::int64_t to) {
  const auto row = [](std::int64_t offset) {
    return ProgressRow{.topic = "t",
                       .partition = 0,
                       .next_offset = offset,
                       .replay_from = 0,
                       .topic_id = "x",
                       .epoch = 0,
                       .max_trade_time_us = 1};
  };
  return {from ? std::optional(row(*from)) : std::nullopt, row(to)};
}

TEST_F(TransactionTest, AnAppendMakesASnapshotWithAllThatReadersNeed) {
  auto table = make_table("t");
  Transaction transaction(*catalog_, *io_);
  transaction.add(
      table,
      append_files({small_file("file:///a", 10, "x"), small_file("file:///b", 5, "y")},
                   {{{"tradelake.commit-id", "c1"}, {"operation", "nonsense"}}, "tradelake", {}}));
  ASSERT_TRUE(transaction.commit());
  const auto& metadata = *table.metadata;
  const auto& snapshot = *metadata.current_snapshot();
  EXPECT_EQ(snapshot.operation, "append");
  EXPECT_GT(snapshot.id.value, 0);
  EXPECT_FALSE(snapshot.parent_id);
  EXPECT_EQ(snapshot.sequence_number, SequenceNumber{1});
  EXPECT_EQ(snapshot.schema_id, SchemaId{0});
  EXPECT_EQ(metadata.refs.at("main").snapshot_id, snapshot.id);
  EXPECT_EQ(metadata.refs.at("tradelake").snapshot_id, snapshot.id);
  EXPECT_TRUE(metadata.refs.at("tradelake").tag);
  EXPECT_EQ(metadata.snapshot_log.size(), 1U);
  ASSERT_EQ(metadata.metadata_log.size(), 1U);
  EXPECT_TRUE(metadata.metadata_log[0].metadata_file.contains("/00000-"));
  EXPECT_TRUE(table.metadata_location.contains("/bronze/t/metadata/00001-"));
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"added-data-files", "2"},
                                          {"added-records", "15"},
                                          {"added-files-size", "1500"},
                                          {"changed-partition-count", "2"},
                                          {"total-data-files", "2"},
                                          {"total-records", "15"},
                                          {"total-files-size", "1500"},
                                          {"total-delete-files", "0"},
                                          {"total-position-deletes", "0"},
                                          {"total-equality-deletes", "0"},
                                          {"tradelake.commit-id", "c1"}}) {
    EXPECT_EQ(snapshot.summary.at(key), value) << key;
  }
  EXPECT_FALSE(snapshot.summary.contains("operation"));

  const auto list = manifests(table);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].added_files_count, 2);
  EXPECT_EQ(list[0].added_rows_count, 15);
  EXPECT_EQ(list[0].added_snapshot_id, snapshot.id);
  EXPECT_EQ(list[0].partitions.at(0).lower_bound, "x");
  EXPECT_EQ(list[0].partitions.at(0).upper_bound, "y");
  // What is in memory is what was written.
  const auto loaded = *load_table(*catalog_, *io_, table.ident);
  EXPECT_EQ(loaded.metadata_location, table.metadata_location);
  EXPECT_EQ(to_json(*loaded.metadata), to_json(metadata));
}

TEST_F(TransactionTest, CarriedManifestsKeepTheirNumbersAndTheParentTheirTotals) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file("file:///a")}));
  const auto first = manifests(table).at(0);
  ASSERT_TRUE(append(table, {small_file("file:///b", 7)}));
  const auto list = manifests(table);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].sequence_number, SequenceNumber{2});
  EXPECT_EQ(list[1].path, first.path);
  EXPECT_EQ(list[1].sequence_number, SequenceNumber{1});
  EXPECT_EQ(list[1].min_sequence_number, SequenceNumber{1});
  EXPECT_EQ(list[1].added_snapshot_id, first.added_snapshot_id);
  EXPECT_EQ(list[1].added_files_count, 1);
  EXPECT_EQ(table.metadata->current_snapshot()->summary.at("total-records"), "17");
  EXPECT_EQ(table.metadata->current_snapshot()->parent_id, first.added_snapshot_id);
  EXPECT_EQ(entries(table).at("file:///a").sequence_number, SequenceNumber{1});
  EXPECT_EQ(entries(table).at("file:///b").sequence_number, SequenceNumber{2});
}

TEST_F(TransactionTest, AnOverwriteMarksWhatIsGoneOnlyInItsOwnSnapshot) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file("file:///a"), small_file("file:///b")}));
  Transaction overwrite(*catalog_, *io_);
  overwrite.add(table, overwrite_files({"file:///a"}, {small_file("file:///c", 3)}, {}));
  ASSERT_TRUE(overwrite.commit());
  const auto after = entries(table);
  EXPECT_EQ(after.at("file:///a").status, EntryStatus::deleted);
  EXPECT_EQ(after.at("file:///a").snapshot_id, table.metadata->current_snapshot_id);
  EXPECT_EQ(after.at("file:///a").sequence_number, SequenceNumber{1});
  EXPECT_EQ(after.at("file:///b").status, EntryStatus::existing);
  EXPECT_EQ(after.at("file:///b").sequence_number, SequenceNumber{1});
  EXPECT_EQ(after.at("file:///b").snapshot_id, table.metadata->snapshots[0].id);
  EXPECT_EQ(after.at("file:///c").status, EntryStatus::added);
  const auto rewritten = manifests(table).at(1);
  EXPECT_EQ(rewritten.sequence_number, SequenceNumber{2});
  EXPECT_EQ(rewritten.min_sequence_number, SequenceNumber{1});
  EXPECT_EQ(rewritten.existing_files_count, 1);
  EXPECT_EQ(rewritten.deleted_rows_count, 10);
  const auto& summary = table.metadata->current_snapshot()->summary;
  EXPECT_EQ(summary.at("deleted-data-files"), "1");
  EXPECT_EQ(summary.at("removed-files-size"), "1000");
  EXPECT_EQ(summary.at("total-records"), "13");

  Transaction all(*catalog_, *io_);
  all.add(table, overwrite_files({"file:///b", "file:///c"}, {}, {}));
  ASSERT_TRUE(all.commit());
  EXPECT_EQ(table.metadata->current_snapshot()->operation, "delete");
  EXPECT_TRUE(live_paths(table).empty());
  EXPECT_FALSE(entries(table).contains("file:///a"));
  ASSERT_TRUE(append(table, {small_file("file:///d")}));
  EXPECT_EQ(manifests(table).size(), 1U);  // manifests of nothing but deletions are left behind
}

TEST_F(TransactionTest, RemovingWhatIsNotLiveIsAConflict) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file("file:///a")}));
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, overwrite_files({"file:///a", "file:///none"}, {}, {}));
  const auto done = transaction.commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::conflict);
  EXPECT_TRUE(done.error().message.contains("file:///none")) << done.error().message;
  EXPECT_EQ(load_table(*catalog_, *io_, table.ident)->metadata->snapshots.size(), 1U);
}

TEST_F(TransactionTest, AReplacementHasNoMoreRowsThanItReplaces) {
  auto table = make_table("t");
  ASSERT_TRUE(append(table, {small_file("file:///a", 10), small_file("file:///b", 10)}));
  Transaction more(*catalog_, *io_);
  more.add(table,
           replace_files({"file:///a"}, {small_file("file:///c", 11)}, SequenceNumber{9}, {}));
  EXPECT_EQ(code_of(more.commit()), Errc::invalid_argument);
  Transaction same(*catalog_, *io_);
  same.add(table, replace_files({"file:///a", "file:///b"}, {small_file("file:///c", 20)},
                                SequenceNumber{9}, {}));
  ASSERT_TRUE(same.commit());
  EXPECT_EQ(table.metadata->current_snapshot()->operation, "replace");
  EXPECT_EQ(live_paths(table), std::vector<std::string>{"file:///c"});
}

TEST_F(TransactionTest, FilesThatDoNotFitTheTableAreRefused) {
  auto table = make_table("t");
  EXPECT_EQ(code_of(append(table, {small_file("file:///a"), small_file("file:///a")})),
            Errc::invalid_argument);
  auto unpartitioned = small_file("file:///a");
  unpartitioned.partition.clear();
  EXPECT_EQ(code_of(append(table, {unpartitioned})), Errc::invalid_argument);
  auto other_spec = small_file("file:///a");
  other_spec.spec_id = SpecId{7};
  EXPECT_EQ(code_of(append(table, {other_spec})), Errc::invalid_argument);
}

TEST_F(TransactionTest, ManifestsAreMergedOnceThereAreEnough) {
  auto table = make_table("t", {{"commit.manifest.min-count-to-merge", "4"}});
  std::vector<std::size_t> counts;
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", i), 10 + i)}));
    counts.push_back(manifests(table).size());
  }
  EXPECT_EQ(counts, (std::vector<std::size_t>{1, 2, 3, 1, 2, 3, 1, 2, 3}));
  const auto all = entries(table);
  ASSERT_EQ(all.size(), 9U);
  for (int i = 0; i < 9; ++i) {
    const auto& entry = all.at(fmt::format("file:///{}", i));
    EXPECT_EQ(entry.sequence_number, SequenceNumber{i + 1});
    EXPECT_EQ(entry.snapshot_id, table.metadata->snapshots[static_cast<std::size_t>(i)].id);
  }
  const auto merged = manifests(table).at(2);
  EXPECT_EQ(merged.added_files_count, 1);
  EXPECT_EQ(merged.existing_files_count, 6);
  EXPECT_EQ(merged.added_rows_count, 16);
  EXPECT_EQ(merged.min_sequence_number, SequenceNumber{1});
}

TEST(MergeBins, LeaveFullAndNewManifestsAlone) {
  const MergePolicy policy{.enabled = true, .target_bytes = 100, .min_count = 3};
  using Bins = std::vector<std::vector<std::size_t>>;
  EXPECT_EQ(merge_bins({}, policy), Bins{});
  EXPECT_EQ(merge_bins({10, 10}, policy), (Bins{{0}, {1}}));
  EXPECT_EQ(merge_bins({10, 10, 10}, policy), (Bins{{0, 1, 2}}));
  EXPECT_EQ(merge_bins({10, 10, 95}, policy), (Bins{{0}, {1}, {2}}));
  EXPECT_EQ(merge_bins({10, 10, 10, 500}, policy), (Bins{{0, 1, 2}, {3}}));
  EXPECT_EQ(merge_bins({10, 60, 50, 50}, policy), (Bins{{0}, {1}, {2, 3}}));
  EXPECT_EQ(merge_bins({1, 1, 1}, {.enabled = false}), (Bins{{0}, {1}, {2}}));
}

TEST_F(TransactionTest, AStaleTableIsRefreshedAndTheActionAppliedAgain) {
  auto mine = make_table("t");
  auto theirs = *load_table(*catalog_, *io_, mine.ident);
  ASSERT_TRUE(append(theirs, {small_file("file:///theirs")}));
  ASSERT_TRUE(append(mine, {small_file("file:///mine")}));
  EXPECT_EQ(live_paths(mine), (std::vector<std::string>{"file:///mine", "file:///theirs"}));
  EXPECT_EQ(mine.metadata->current_snapshot()->sequence_number, SequenceNumber{2});
  EXPECT_TRUE(mine.metadata->current_snapshot()->manifest_list.contains("-2-"));  // the attempt
}

TEST_F(TransactionTest, NewDataFilesAreStoredOnceAndBeforeThePointerMoves) {
  auto mine = make_table("t");
  auto theirs = mine;
  const auto uri = mine.metadata->location + "/data/x.parquet";
  HookedCatalog catalog(*catalog_);
  int commits = 0;
  catalog.before_commit = [&] {
    EXPECT_EQ(*io_->read(uri), "bytes");
    if (++commits > 1) return;
    ASSERT_TRUE(append(theirs, {small_file("file:///theirs")}));
  };
  Transaction transaction(catalog, *io_);
  ASSERT_TRUE(transaction.new_files().write_new(uri, "bytes"));
  EXPECT_EQ(code_of(io_->read(uri)), Errc::not_found);
  transaction.add(mine, append_files({small_file(uri)}, {}));
  // The second attempt would find the file there if it wrote it again.
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(commits, 2);
  EXPECT_EQ(live_paths(mine), (std::vector<std::string>{"file:///theirs", uri}));
}

// A head that was read before a pause is old when it counts.
TEST_F(TransactionTest, TheHeadIsReadAfterThePauseBetweenTwoAttempts) {
  using Clock = std::chrono::steady_clock;
  auto mine = make_table("t");
  auto theirs = mine;
  HookedCatalog catalog(*catalog_);
  Clock::time_point read_at;
  std::vector<Clock::duration> ages;
  catalog.after_pointer = [&] { read_at = Clock::now(); };
  catalog.before_commit = [&] {
    ages.push_back(Clock::now() - read_at);
    if (ages.size() < 5) {
      ASSERT_TRUE(append(theirs, {small_file("file:///" + std::to_string(ages.size()))}));
    }
  };
  Transaction transaction(catalog, *io_);
  transaction.add(mine, append_files({small_file("file:///mine")}, {}));
  ASSERT_TRUE(transaction.commit());
  ASSERT_EQ(ages.size(), 5);
  // The pauses before these are at least 40 and 80 ms.
  EXPECT_LT(std::min(ages[3], ages[4]), std::chrono::milliseconds(40));
}

TEST_F(TransactionTest, AHeadWhoseFileWasDroppedBeforeItWasReadIsLookedForAgain) {
  const auto first = make_table("t");
  auto theirs = first;
  HookedCatalog catalog(*catalog_);
  bool done = false;
  catalog.after_pointer = [&] {
    if (std::exchange(done, true)) return;
    ASSERT_TRUE(append(theirs, {small_file("file:///theirs")}));
    ASSERT_TRUE(io_->remove(first.metadata_location));
  };
  const auto loaded = load_table(catalog, *io_, first.ident);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->metadata_location, theirs.metadata_location);
  // One that is gone where the catalog points to is a damaged table.
  ASSERT_TRUE(io_->remove(theirs.metadata_location));
  const auto damaged = load_table(catalog, *io_, first.ident);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Errc::corrupt);
}

TEST_F(TransactionTest, AnAttemptThatLostLeavesNoFileBehind) {
  HookedCatalog catalog(*catalog_);
  auto theirs = make_table("t");
  ASSERT_TRUE(append(theirs, {small_file("file:///a"), small_file("file:///b")}));
  auto mine = theirs;
  int others = 3;
  catalog.before_commit = [&] {
    if (others-- <= 0) return;
    ASSERT_TRUE(append(theirs, {small_file(fmt::format("file:///o{}", others))}));
  };
  Transaction transaction(catalog, *io_);
  transaction.add(mine, overwrite_files({"file:///a"}, {small_file("file:///c")}, {}));
  ASSERT_TRUE(transaction.commit());
  ASSERT_EQ(live_paths(mine).size(), 5U);
  ReachableFiles reachable;
  const auto listed = *io_->list(mine.metadata->location);
  const auto left =
      orphans_among(listed, mine, *io_, reachable, INT64_MAX, [] { return Result<>(); });
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_EQ(left->size(), 0U);
}

TEST_F(TransactionTest, WhatIsRemovedFromManyManifestsIsWrittenAsOne) {
  auto table = make_table("t");
  for (int n = 0; n < 5; ++n)
    ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", n)),
                               small_file(fmt::format("file:///{}x", n))}));
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, overwrite_files({"file:///0", "file:///2", "file:///3"},
                                         {small_file("file:///new")}, {}));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(manifests(table).size(), 4U);  // two untouched, one new, one of the three
  EXPECT_EQ(live_paths(table).size(), 8U);
  const auto all = entries(table);
  EXPECT_EQ(all.at("file:///2").status, EntryStatus::deleted);
  EXPECT_EQ(all.at("file:///2x").status, EntryStatus::existing);
  EXPECT_EQ(all.at("file:///2x").sequence_number, SequenceNumber{3});
  EXPECT_EQ(all.at("file:///3x").sequence_number, SequenceNumber{4});
}

TEST_F(TransactionTest, AFileThatSomebodyElseRemovedIsAConflictEvenAfterARefresh) {
  auto mine = make_table("t");
  ASSERT_TRUE(append(mine, {small_file("file:///a"), small_file("file:///b")}));
  auto theirs = mine;
  Transaction first(*catalog_, *io_);
  first.add(theirs, overwrite_files({"file:///a"}, {}, {}));
  ASSERT_TRUE(first.commit());
  Transaction second(*catalog_, *io_);
  second.add(mine, overwrite_files({"file:///a"}, {small_file("file:///c")}, {}));
  EXPECT_EQ(code_of(second.commit()), Errc::conflict);
  EXPECT_EQ(live_paths(mine), std::vector<std::string>{"file:///b"});
}

TEST_F(TransactionTest, ATableThatWasMadeAnewIsNotCommittedTo) {
  auto mine = make_table("t");
  const auto other =
      new_table_metadata(mine.metadata->location, small_schema(), small_spec(), {}, {}, 1);
  const auto location = mine.metadata->location + "/metadata/00009-x.metadata.json";
  ASSERT_TRUE(io_->write_new(location, to_json(other)));
  ASSERT_TRUE(catalog_->commit({.swaps = {{mine.ident, mine.metadata_location, location}},
                                .pipeline = "",
                                .progress = {},
                                .table_commits = {}}));
  EXPECT_EQ(code_of(append(mine, {small_file("file:///a")})), Errc::corrupt);
}

TEST_F(TransactionTest, TwoTablesAndProgressMoveTogetherOrNotAtAll) {
  auto trades = make_table("trades");
  auto letters = make_table("dead_letters");
  const auto commit = [&](std::optional<std::int64_t> from, std::int64_t to) {
    Transaction transaction(*catalog_, *io_);
    transaction.add(trades, append_files({small_file(fmt::format("file:///t{}", to))}, {}));
    transaction.add(letters, append_files({small_file(fmt::format("file:///d{}", to))}, {}));
    transaction.set_progress("sink", fmt::format("c{}", to), {step(from, to)});
    return transaction.commit();
  };
  ASSERT_TRUE(commit(std::nullopt, 5));
  EXPECT_EQ(code_of(commit(4, 9)), Errc::fenced);
  EXPECT_EQ(live_paths(trades), std::vector<std::string>{"file:///t5"});
  ASSERT_TRUE(commit(5, 9));
  EXPECT_EQ(live_paths(letters), (std::vector<std::string>{"file:///d5", "file:///d9"}));
  EXPECT_EQ(catalog_->progress("sink")->at(0).next_offset, 9);
  const auto commits = *catalog_->table_commits("sink");
  ASSERT_EQ(commits.size(), 2U);
  for (const auto& done : commits) EXPECT_EQ(done.commit_id, "c9");
}

TEST_F(TransactionTest, ProgressAloneMakesNoSnapshot) {
  Transaction transaction(*catalog_, *io_);
  transaction.set_progress("sink", "c", {step(std::nullopt, 3)});
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(catalog_->progress("sink")->at(0).next_offset, 3);
}

TEST_F(TransactionTest, SeveralActionsOnOneTableAreOneCommit) {
  auto table = make_table("t");
  Transaction transaction(*catalog_, *io_);
  transaction.add(table, append_files({small_file("file:///a")}, {}));
  transaction.add(table, overwrite_files({"file:///a"}, {small_file("file:///b")}, {}));
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(table.metadata->snapshots.size(), 2U);
  EXPECT_EQ(table.metadata->metadata_log.size(), 1U);
  EXPECT_EQ(live_paths(table), std::vector<std::string>{"file:///b"});
}

TEST_F(TransactionTest, TheMetadataLogIsCutAndOldFilesGoOnlyIfAsked) {
  for (const std::string remove : {"false", "true"}) {
    auto table = make_table("t" + remove, {{"write.metadata.previous-versions-max", "3"},
                                           {"write.metadata.delete-after-commit.enabled", remove}});
    for (int i = 0; i < 6; ++i)
      ASSERT_TRUE(append(table, {small_file(fmt::format("file:///{}", i))}));
    EXPECT_EQ(table.metadata->metadata_log.size(), 3U);
    EXPECT_TRUE(table.metadata->metadata_log[0].metadata_file.contains("/00003-"));
    const auto files = *io_->list(table.metadata->location + "/metadata");
    const auto count = std::ranges::count_if(
        files, [](const auto& f) { return f.uri.ends_with(".metadata.json"); });
    EXPECT_EQ(count, remove == "true" ? 4 : 7);
  }
}

// One batch of a sink that is restarted after whatever happened and resolves it from the progress
// row. Whatever fails where: in the end every batch is in both tables exactly once.
TEST_F(TransactionTest, AFaultAtAnyEffectLosesNothingAndDoublesNothing) {
  constexpr int batches = 2;
  int round = 0;
  io_ = std::make_unique<MemoryIo>();  // no fsync: hundreds of lives are lived here
  for (const auto fault :
       {Fault::fails, Fault::answer_lost, Fault::crash_before, Fault::crash_after}) {
    for (int at = 1, last = 1; at <= last; ++at, ++round) {
      Faults faults;
      FaultyFileIo io(*io_, faults);
      const TableIdent names[2] = {make_table(fmt::format("t{}", round)).ident,
                                   make_table(fmt::format("d{}", round)).ident};
      const auto pipeline = fmt::format("sink{}", round);
      faults.arm(fault, at);
      int restarts = 0;
      for (std::int64_t done = 0; done < batches;) {
        // A (re)start: all memory is gone, the truth is the progress row.
        faults.restart();
        auto own = *open_sqlite_catalog(database(), "tradelake");
        FaultyCatalog catalog(*own, faults);
        auto trades = *load_table(catalog, io, names[0]);
        auto letters = *load_table(catalog, io, names[1]);
        const auto progress = *catalog.progress(pipeline);
        done = progress.empty() ? 0 : progress[0].next_offset;
        try {
          while (done < batches) {
            Transaction transaction(catalog, io);
            transaction.add(trades,
                            append_files({small_file(fmt::format("file:///t{}", done))}, {}));
            transaction.add(letters,
                            append_files({small_file(fmt::format("file:///d{}", done))}, {}));
            transaction.set_progress(
                pipeline, "c", {step(done == 0 ? std::nullopt : std::optional(done), done + 1)});
            if (!transaction.commit()) break;
            ++done;
          }
        } catch (const SimulatedCrash&) {
        }
        ASSERT_LE(++restarts, 3);
      }
      if (at == 1) last = faults.effects();
      for (const auto& name : names) {
        const auto table = *load_table(*catalog_, *io_, name);
        EXPECT_EQ(table.metadata->snapshots.size(), std::size_t{batches});
        EXPECT_EQ(live_paths(table).size(), std::size_t{batches});
        EXPECT_EQ(table.metadata->current_snapshot()->summary.at("total-data-files"), "2");
      }
    }
  }
  EXPECT_GE(round, 4 * batches * 7);  // 3 files per table and a commit, per batch
}

}  // namespace
}  // namespace tradelake::iceberg
