// Files written last: kept within a bound, the oldest goes first.
#include "iceberg/recent_files.h"

#include <gtest/gtest.h>

namespace tradelake::iceberg {
namespace {

TEST(RecentFiles, TheOldestGoesFirst) {
  RecentFiles files(80);
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) files.add(name, "0123456789");
  EXPECT_TRUE(files.find("a"));
  files.add("i", "x");
  EXPECT_FALSE(files.find("a"));
  EXPECT_EQ(files.find("b"), "0123456789");
  EXPECT_EQ(files.find("i"), "x");
}

TEST(RecentFiles, LargeFilesAreNotKeptAndForgottenOnesMakeRoom) {
  RecentFiles files(80);
  files.add("large", "01234567890");
  EXPECT_FALSE(files.find("large"));
  for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) files.add(name, "0123456789");
  files.forget("d");
  files.forget("none");
  files.add("i", "0123456789");
  EXPECT_TRUE(files.find("a"));
  EXPECT_FALSE(files.find("d"));
  files.add("i", "again");
  EXPECT_EQ(files.find("i"), "0123456789");
}

}  // namespace
}  // namespace tradelake::iceberg
