// What a job of Spark's has written, finished or cut off, is gone on from: each trade once.
//
// The job's commits are the program's own, told as a job would tell them: its lines in the summary
// of the snapshots, the progress rows where they were before, and its record.
#include "bronze/take_over.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "bronze/offsets_json.h"
#include "bronze/sink.h"
#include "bronze/spark_commit.h"
#include "core/sqlite.h"
#include "core/time.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "log/local_log.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t first_ms = 1'786'310'760'000;
const iceberg::TableIdent trades{"bronze", "trades"}, dead_letters{"bronze", "dead_letters"};

class TakeOverTest : public iceberg::LakeTest {
 protected:
  TakeOverTest() {
    log_ = *log::open_local_log(folder_ / "log.db");
    EXPECT_TRUE(log_->ensure_topics(log::frame_topics()));
    writer_ = *log_->writer();
  }

  void send_text(const std::string& text) {
    log::NewRecord record;
    const auto topic = log::topic_name("linear", "publicTrade");
    record.topic = topic;
    record.key = "BTCUSDT";
    record.value = text;
    record.headers.category = "linear";
    record.headers.recv_ns = first_ms * 1'000'000;
    ASSERT_TRUE(writer_->append({&record, 1}, ""));
  }
  void send(int id) {
    send_text(
        fmt::format(R"({{"topic":"publicTrade.BTCUSDT","data":[{{"T":{},"s":"BTCUSDT","S":"Buy",)"
                    R"("v":"0.1","p":"60000.5","i":"id-{}"}}]}})",
                    first_ms + std::int64_t{id} * 100, id));
    sent_.push_back(fmt::format("id-{}", id));
  }

  Lake lake() { return {*log_, *catalog_, *io_, warehouse(), folder_}; }

  // A process of the program that takes all that is in the log.
  Result<> run() {
    TL_ASSIGN(const auto sink, Sink::open(lake(), {}));
    std::stop_source stop;
    stop.request_stop();
    return sink->run(stop.get_token(), us_per_minute);
  }

  iceberg::Table table(const iceberg::TableIdent& ident) {
    return *iceberg::load_table(*catalog_, *io_, ident);
  }
  std::vector<std::string> ids() {
    const auto head = table(trades);
    std::vector<std::string> all;
    const auto files = *iceberg::plan_files(*head.metadata, *io_, {});
    for (const auto& file : files) {
      const auto read = *iceberg::read_data_file(*head.metadata, *io_, file, {"trade_id"}, {});
      const iceberg::RowReader reader(*read);
      for (std::int64_t row = 0; row < reader.rows(); ++row) all.emplace_back(reader.text(0, row));
    }
    std::ranges::sort(all);
    return all;
  }
  std::vector<std::string> sent() {
    std::ranges::sort(sent_);
    return sent_;
  }

  // What a table's metadata says of the snapshots of a commit, changed by hand.
  void tell(const iceberg::TableIdent& ident, const std::string& commit_id,
            const std::map<std::string, std::string>& lines) {
    const auto from = *catalog_->metadata_location(ident);
    const std::filesystem::path path = from.substr(std::string("file://").size());
    auto json = nlohmann::json::parse(std::ifstream(path));
    for (auto& snapshot : json["snapshots"]) {
      auto& summary = snapshot["summary"];
      if (summary.value("tradelake.commit-id", "") != commit_id) continue;
      for (const auto& [key, value] : lines) summary[key] = value;
    }
    const auto to = path.parent_path() / ("00099-" + iceberg::random_uuid() + ".metadata.json");
    std::ofstream(to) << json.dump();
    iceberg::CatalogCommit swap;
    swap.swaps = {{ident, from, "file://" + to.native()}};
    ASSERT_TRUE(catalog_->commit(swap));
  }

  // The next commit of the program, told as a job's that was to write to `written`.
  void job(const std::string& written) {
    const auto before = *catalog_->progress("bronze");
    ASSERT_TRUE(run());
    const auto head = table(trades);
    const auto facts = *commit_facts(*head.metadata->current_snapshot());
    nlohmann::json ids = nlohmann::json::object();
    log::NextOffsets greatest;
    auto now = *catalog_->progress("bronze");
    for (const auto& row : now) {
      ids[row.topic] = row.topic_id;
      if (row.max_trade_time_us) greatest[{row.topic, row.partition}] = *row.max_trade_time_us;
    }
    const std::map<std::string, std::string> lines = {
        {"tradelake.engine", "spark"},
        {"tradelake.tables", written},
        {"tradelake.topic-ids", ids.dump()},
        {"tradelake.max-trade-times", offsets_to_json(greatest)}};
    tell(trades, facts.commit_id, lines);
    tell(dead_letters, facts.commit_id, lines);
    leave_rows_at(before);
  }
  // As a job does that takes over: an epoch that the program does not know, and its record.
  void leave_rows_at(const std::vector<iceberg::ProgressRow>& before) {
    iceberg::CatalogCommit commit;
    commit.pipeline = "bronze";
    const auto now = *catalog_->progress("bronze");
    for (const auto& row : now) {
      iceberg::ProgressRow back;
      for (const auto& one : before) {
        if (one.topic == row.topic && one.partition == row.partition) back = one;
      }
      back.topic = row.topic;
      back.partition = row.partition;
      back.topic_id = row.topic_id;
      back.epoch = row.epoch + 1;
      commit.progress.push_back({row, back});
    }
    commit.table_commits = {{trades, spark_record}, {dead_letters, spark_record}};
    ASSERT_TRUE(catalog_->commit(commit));
  }

  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Writer> writer_;
  std::vector<std::string> sent_;
};

TEST_F(TakeOverTest, WhatAJobHasFinishedIsGoneOnFrom) {
  for (int id = 0; id < 5; ++id) send(id);
  ASSERT_TRUE(run());
  for (int id = 5; id < 9; ++id) send(id);
  send_text("not json");
  job(R"(["bronze.dead_letters","bronze.trades"])");
  EXPECT_EQ(ids(), sent());
  const auto epochs = *catalog_->progress("bronze");
  send(9);
  const auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ids(), sent());
  const auto rows = *catalog_->progress("bronze");
  for (const auto& row : rows) {
    const auto before = std::ranges::find_if(epochs, [&](const auto& one) {
      return one.topic == row.topic && one.partition == row.partition;
    });
    ASSERT_NE(before, epochs.end());
    EXPECT_GT(row.epoch, before->epoch);  // whoever still works from the old row is fenced
  }
  // And once more: there is nothing to take over.
  ASSERT_TRUE(run());
  EXPECT_EQ(ids(), sent());
}

// The ids of the window are known again: what comes twice across the hand-over is no row.
TEST_F(TakeOverTest, RepeatsOfWhatAJobHasWrittenAreTold) {
  send(0);
  ASSERT_TRUE(run());
  send(1);
  job(R"(["bronze.trades"])");
  sent_.pop_back();
  send(1);
  ASSERT_TRUE(run());
  EXPECT_EQ(ids(), (std::vector<std::string>{"id-0", "id-1"}));
}

TEST_F(TakeOverTest, ACommitThatAJobHasNotFinishedIsUndoneAndReadAgain) {
  for (int id = 0; id < 3; ++id) send(id);
  send_text("{");
  ASSERT_TRUE(run());
  const auto letters = table(dead_letters).metadata->current_snapshot_id;
  send(3);
  // Its dead letters were to come, too.
  job(R"(["bronze.trades","bronze.dead_letters"])");
  const auto cut_off = table(trades).metadata->current_snapshot_id;
  const auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ids(), sent());
  EXPECT_EQ(table(dead_letters).metadata->current_snapshot_id, letters);
  const auto head = table(trades);
  const auto* snapshot = head.metadata->current_snapshot();
  EXPECT_NE(snapshot->id, cut_off);
  EXPECT_NE(snapshot->parent_id, cut_off);
}

// To undo the job's commit would take along what others have written since.
TEST_F(TakeOverTest, WhatOthersHaveWrittenSinceIsNotUndone) {
  send(0);
  ASSERT_TRUE(run());
  send(1);
  job(R"(["bronze.trades","bronze.dead_letters"])");
  auto others = table(trades);
  ASSERT_TRUE(append(others, {}));
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_TRUE(refused.error().message.contains("start the job once more"))
      << refused.error().message;
  EXPECT_EQ(ids(), sent());
}

// It had the tables, and was killed before it wrote to them.
TEST_F(TakeOverTest, AJobThatHasNotBegunLeavesThingsAsTheyWere) {
  send(0);
  ASSERT_TRUE(run());
  leave_rows_at(*catalog_->progress("bronze"));
  send(1);
  ASSERT_TRUE(run());
  EXPECT_EQ(ids(), sent());
}

// A job that made the tables found no rows and no record of the program's.
TEST_F(TakeOverTest, ALakeThatTheProgramHasNeverSeenIsTakenOver) {
  for (int id = 0; id < 4; ++id) send(id);
  job(R"(["bronze.trades"])");
  auto opened = *Database::open(LakeTest::database());
  ASSERT_TRUE(opened.execute("DELETE FROM tradelake_progress"));
  ASSERT_TRUE(opened.execute("DELETE FROM tradelake_table_commits"));
  send(4);
  const auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ids(), sent());
}

// In such a lake it was killed in its first commit, before that came to the primary table.
TEST_F(TakeOverTest, AFirstCommitThatIsMissingInThePrimaryTableIsUndone) {
  send_text("{");
  ASSERT_TRUE(run());
  const auto facts = *commit_facts(*table(dead_letters).metadata->current_snapshot());
  tell(dead_letters, facts.commit_id,
       {{"tradelake.engine", "spark"},
        {"tradelake.tables", R"(["bronze.dead_letters","bronze.trades"])"}});
  auto opened = *Database::open(LakeTest::database());
  ASSERT_TRUE(opened.execute("DELETE FROM tradelake_progress"));
  ASSERT_TRUE(opened.execute("DELETE FROM tradelake_table_commits"));
  send(0);
  const auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ids(), sent());
  const auto head = table(dead_letters);
  ASSERT_NE(head.metadata->current_snapshot(), nullptr);
  EXPECT_EQ(head.metadata->current_snapshot()->parent_id, std::nullopt);
}

}  // namespace
}  // namespace tradelake::bronze
