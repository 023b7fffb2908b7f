// Local files: never overwritten, whole, and errors that say which path and why.
#include "iceberg/file_io.h"

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

class LocalFileIo : public LakeTest {
 protected:
  std::string uri(const std::string& name) const { return "file://" + (folder_ / name).native(); }
};

TEST_F(LocalFileIo, WhatIsWrittenIsReadUnderEverySpelling) {
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(io_->write_new(uri("new/folders/f"), bytes));
  EXPECT_EQ(*io_->read(uri("new/folders/f")), bytes);
  EXPECT_EQ(*io_->read((folder_ / "new/folders/f").native()), bytes);
  EXPECT_EQ(*io_->read("file:" + (folder_ / "new/folders/f").native()), bytes);
  const auto opened = *io_->open(uri("new/folders/f"));
  EXPECT_EQ(*opened->GetSize(), 3);
}

TEST_F(LocalFileIo, NothingIsOverwritten) {
  ASSERT_TRUE(io_->write_new(uri("f"), "first"));
  EXPECT_EQ(io_->write_new(uri("f"), "second").error().code, Errc::already_exists);
  EXPECT_EQ(*io_->read(uri("f")), "first");
  EXPECT_EQ(io_->list(uri("."))->size(), 2U + 2U);  // f and the catalog's three; no ….tmp left
}

TEST_F(LocalFileIo, SeveralFilesAreWrittenAtOnce) {
  ASSERT_TRUE(io_->write_all({{uri("w/a"), "1"}, {uri("w/b"), "22"}, {uri("w/c/d"), ""}}));
  auto files = *io_->list(uri("w"));
  std::ranges::sort(files, {}, &FileStatus::uri);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[1].uri, uri("w/b"));
  EXPECT_EQ(files[1].size_bytes, 2);
  EXPECT_GT(files[1].modified_us, 1'600'000'000'000'000);
  EXPECT_EQ(io_->write_all({{uri("w/e"), "1"}, {uri("w/b"), "x"}}).error().code,
            Errc::already_exists);
  EXPECT_EQ(*io_->read(uri("w/b")), "22");
}

TEST_F(LocalFileIo, MissingFilesAreNotFoundAndRemovingThemIsFine) {
  EXPECT_EQ(io_->read(uri("none")).error().code, Errc::not_found);
  EXPECT_EQ(io_->open(uri("none")).error().code, Errc::not_found);
  EXPECT_TRUE(io_->remove(uri("none")));
  EXPECT_TRUE(io_->list(uri("none"))->empty());
  ASSERT_TRUE(io_->write_new(uri("f"), "x"));
  EXPECT_TRUE(io_->remove(uri("f")));
  EXPECT_EQ(io_->read(uri("f")).error().code, Errc::not_found);
}

TEST_F(LocalFileIo, ARefusalNamesThePath) {
  ASSERT_TRUE(io_->write_new(uri("f"), "x"));
  const auto refused = io_->write_new(uri("f/g"), "x");  // a file where a folder is needed
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io);
  EXPECT_TRUE(refused.error().message.contains((folder_ / "f/g").native()))
      << refused.error().message;
}

TEST_F(LocalFileIo, OtherSchemesAreRefused) {
  EXPECT_EQ(io_->read("s3://bucket/x").error().code, Errc::invalid_argument);
  EXPECT_EQ(io_->read("relative/x").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace tradelake::iceberg
