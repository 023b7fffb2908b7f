// What every warehouse promises, whatever it is made of: the same tests for a folder of the disk
// and for one in S3.
#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <gmock/gmock.h>

#include "iceberg/arrow_error.h"
#include "s3_fixture.h"

namespace tradelake::iceberg {
namespace {

const auto* const end_of_s3 = testing::AddGlobalTestEnvironment(new EndOfS3);

enum class Kind { local, s3 };

class FileIoContract : public S3Test, public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::s3) return S3Test::SetUp();
    folder_ = "file://" +
              (std::filesystem::temp_directory_path() / ("tradelake-" + random_uuid())).native();
    io_ = *make_local_file_io();
  }
  void TearDown() override {
    if (GetParam() == Kind::s3) return S3Test::TearDown();
    std::filesystem::remove_all(folder_.substr(7));
  }
};

INSTANTIATE_TEST_SUITE_P(Warehouse, FileIoContract, testing::Values(Kind::local, Kind::s3),
                         [](const auto& kind) { return kind.param == Kind::s3 ? "S3" : "Local"; });

std::string noise(std::size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  std::mt19937 random(7);
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

TEST_P(FileIoContract, WhatIsWrittenIsReadBack) {
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(io_->write_new(uri("new/folders/f"), bytes));
  EXPECT_EQ(*io_->read(uri("new/folders/f")), bytes);
  const auto opened = *io_->open(uri("new/folders/f"));
  EXPECT_EQ(*opened->GetSize(), 3);
}

TEST_P(FileIoContract, UnusualNames) {
  for (const std::string name :
       {"with space", "plus+sign", "per%20cent", "hash#tag", "question?mark&and=equals", "ünïcode",
        "日本", "colon:semi;comma,", "quote'\"double", "dots..and...dots",
        "trade_time_hour=2024-08-08-23/x", "back\\slash", "~tilde!(paren)*star", "a@b"}) {
    ASSERT_TRUE(io_->write_new(uri("odd/" + name), name)) << name;
    EXPECT_EQ(*io_->read(uri("odd/" + name)), name);
  }
  std::vector<std::string> listed;
  const auto files = io_->list(uri("odd"));
  for (const auto& file : *files) listed.push_back(file.uri);
  EXPECT_EQ(listed.size(), 14U);
  EXPECT_THAT(listed, testing::Contains(uri("odd/per%20cent")));
  EXPECT_THAT(listed, testing::Contains(uri("odd/question?mark&and=equals")));
}

TEST_P(FileIoContract, EmptyAndLargeFiles) {
  ASSERT_TRUE(io_->write_new(uri("empty"), ""));
  EXPECT_EQ(*io_->read(uri("empty")), "");
  const auto large = noise(20'000'000);
  ASSERT_TRUE(io_->write_new(uri("large"), large));
  EXPECT_TRUE(*io_->read(uri("large")) == large);
}

TEST_P(FileIoContract, RangesAreReadWithoutTheRest) {
  const auto bytes = noise(100'000);
  ASSERT_TRUE(io_->write_new(uri("f"), bytes));
  for (const auto& file : {*io_->open(uri("f")), *io_->open_sized(uri("f"), 100'000)}) {
    EXPECT_EQ((*file->ReadAt(5'000, 10))->ToString(), bytes.substr(5'000, 10));
    EXPECT_EQ((*file->ReadAt(99'990, 100))->ToString(), bytes.substr(99'990));
    ASSERT_TRUE(file->Seek(7).ok());
    EXPECT_EQ((*file->Read(3))->ToString(), bytes.substr(7, 3));
    EXPECT_EQ((*file->Read(3))->ToString(), bytes.substr(10, 3));
  }
}

TEST_P(FileIoContract, AnyLastByteIsRead) {
  std::string bytes(256, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  ASSERT_TRUE(io_->write_new(uri("f"), bytes));
  const auto file = *io_->open(uri("f"));
  for (std::int64_t at = 0; at < 256; ++at)
    ASSERT_EQ((*file->ReadAt(at, 1))->ToString(), bytes.substr(static_cast<std::size_t>(at), 1));
}

TEST_P(FileIoContract, NothingIsOverwritten) {
  ASSERT_TRUE(io_->write_new(uri("f"), "first"));
  EXPECT_EQ(io_->write_new(uri("f"), "second").error().code, Errc::already_exists);
  EXPECT_EQ(*io_->read(uri("f")), "first");
}

TEST_P(FileIoContract, SeveralFilesAreWrittenAndRemovedAtOnce) {
  std::vector<NewFile> files;
  std::vector<std::string> uris;
  for (int n = 0; n < 30; ++n) {
    files.push_back({uri(fmt::format("w/{}/f", n)), std::to_string(n)});
    uris.push_back(files.back().uri);
  }
  const auto written = io_->write_all(files);
  ASSERT_TRUE(written) << written.error().message;
  const auto listed = *io_->list(uri("w"));
  EXPECT_EQ(listed.size(), 30U);
  EXPECT_EQ(*io_->read(uri("w/17/f")), "17");
  EXPECT_EQ(io_->write_all({{uri("w/new"), "1"}, {uri("w/3/f"), "x"}}).error().code,
            Errc::already_exists);
  EXPECT_EQ(*io_->read(uri("w/3/f")), "3");
  uris.push_back(uri("w/none"));
  EXPECT_TRUE(io_->remove_all(uris));
  EXPECT_EQ(io_->read(uri("w/17/f")).error().code, Errc::not_found);
}

TEST_P(FileIoContract, MissingFilesAreNotFoundAndRemovingThemIsFine) {
  EXPECT_EQ(io_->read(uri("none")).error().code, Errc::not_found);
  EXPECT_EQ(io_->open(uri("none")).error().code, Errc::not_found);
  if (const auto file = io_->open_sized(uri("none"), 10)) {
    const auto read = (*file)->ReadAt(0, 10);
    EXPECT_EQ(to_error(read.status(), "").code, Errc::not_found) << read.status().ToString();
  }
  EXPECT_TRUE(io_->remove(uri("none")));
  EXPECT_TRUE(io_->list(uri("none"))->empty());
  ASSERT_TRUE(io_->write_new(uri("f"), "x"));
  EXPECT_TRUE(io_->remove(uri("f")));
  EXPECT_EQ(io_->read(uri("f")).error().code, Errc::not_found);
}

TEST_P(FileIoContract, AListingHasSizesAndTimesAndIsNotCutOffAtAThousand) {
  std::vector<NewFile> files;
  for (int n = 0; n < 1'100; ++n)
    files.push_back({uri(fmt::format("many/{}/{}", n % 7, n)), std::string(n % 5, 'x')});
  const auto written = io_->write_all(files);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(io_->write_new(uri("manyother"), "not below the folder"));
  auto listed = *io_->list(uri("many"));
  ASSERT_EQ(listed.size(), files.size());
  std::ranges::sort(listed, {}, &FileStatus::uri);
  std::ranges::sort(files, {}, &NewFile::uri);
  for (std::size_t n = 0; n < files.size(); ++n) {
    ASSERT_EQ(listed[n].uri, files[n].uri);
    ASSERT_EQ(listed[n].size_bytes, static_cast<std::int64_t>(files[n].bytes.size()));
    ASSERT_GT(listed[n].modified_us, 1'600'000'000'000'000);
  }
}

TEST_P(FileIoContract, OtherSchemesAreRefused) {
  EXPECT_EQ(io_->read("gs://bucket/x").error().code, Errc::invalid_argument);
  EXPECT_EQ(io_->write_new("relative/x", "x").error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace tradelake::iceberg
