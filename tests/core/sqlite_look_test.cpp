// A database that is looked at beside whoever works with it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "core/sqlite.h"
#include "core/time.h"

namespace tradelake {
namespace {

namespace fs = std::filesystem;

class SqliteLook : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("tradelake-look-{}-{}", getpid(), now_ns());
    fs::create_directories(folder_);
    file_ = folder_ / "x.db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Database make() {
    auto database = *Database::open(file_);
    EXPECT_TRUE(database.execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);"));
    return database;
  }
  static std::int64_t rows(Database& database) {
    auto select = *database.prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(*select.step());
    return select.integer(0);
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename());
    return names;
  }

  fs::path folder_, file_;
};

TEST_F(SqliteLook, MakesNothing) {
  EXPECT_EQ(Database::open_to_look(file_).error().code, Errc::not_found);
  EXPECT_TRUE(files().empty());
}

TEST_F(SqliteLook, ReadsAndChangesNothing) {
  {
    make();
  }
  const auto before = files();
  {
    auto looked = *Database::open_to_look(file_);
    EXPECT_EQ(rows(looked), 1);
    EXPECT_FALSE(looked.execute("INSERT INTO t VALUES (2)"));
  }
  EXPECT_EQ(files(), before);
  EXPECT_EQ(before, std::set<std::string>{"x.db"});
}

TEST_F(SqliteLook, SeesWhatAWriterCommitsAndIsInNobodysWay) {
  auto writer = make();
  auto looked = *Database::open_to_look(file_);
  auto transaction = *SqliteTransaction::begin(writer);
  ASSERT_TRUE(writer.execute("INSERT INTO t VALUES (2)"));
  EXPECT_EQ(rows(looked), 1);
  ASSERT_TRUE(transaction.commit());
  EXPECT_EQ(rows(looked), 2);
  ASSERT_TRUE(writer.execute("INSERT INTO t VALUES (3)"));
  EXPECT_EQ(rows(looked), 3);
}

TEST_F(SqliteLook, LeavesWhatAProcessThatDiedHasLeft) {
  {
    auto writer = make();
    fs::copy(file_, folder_ / "died.db");
    fs::copy(file_.string() + "-wal", folder_ / "died.db-wal");
  }
  const auto left = fs::file_size(folder_ / "died.db-wal");
  const auto size = fs::file_size(folder_ / "died.db");
  ASSERT_GT(left, 0U);
  {
    auto looked = *Database::open_to_look(folder_ / "died.db");
    EXPECT_EQ(rows(looked), 1);
  }
  EXPECT_EQ(fs::file_size(folder_ / "died.db-wal"), left);
  EXPECT_EQ(fs::file_size(folder_ / "died.db"), size);
}

TEST_F(SqliteLook, ADamagedFileIsCorruptAndAFolderIsNoFile) {
  std::ofstream(file_) << std::string(5'000, 'x');
  EXPECT_EQ(Database::open_to_look(file_).error().code, Errc::corrupt);
  EXPECT_FALSE(Database::open_to_look(folder_));
}

TEST_F(SqliteLook, ReadsAFileThatCannotBeShared) {
  {
    make();
  }
  constexpr uid_t nobody = 65534;
  const bool is_root = ::geteuid() == 0;  // who may write everywhere
  fs::permissions(folder_, fs::perms{0555});
  if (is_root) {
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  auto looked = Database::open_to_look(file_);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  fs::permissions(folder_, fs::perms::owner_all);
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_EQ(rows(*looked), 1);
}

TEST_F(SqliteLook, StopsWhenTheTimeIsOver) {
  {
    make();
  }
  auto looked = *Database::open_to_look(file_);
  looked.stop_after(std::chrono::milliseconds(20));
  const auto done = looked.execute(
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace tradelake
