// A folder of its own in the warehouse that TRADELAKE_TEST_S3 names (s3://bucket/prefix), with the
// server and its keys in the usual variables; tests skip themselves without.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "iceberg/file_io.h"
#include "iceberg/random_id.h"
#include "iceberg/s3_access.h"
#include "iceberg/s3_connection.h"

namespace tradelake::iceberg {

// The S3 library wants to be ended before the process.
class EndOfS3 final : public testing::Environment {
 public:
  void TearDown() override { end_s3(); }
};

class S3Test : public testing::Test {
 protected:
  void SetUp() override {
    const char* warehouse = std::getenv("TRADELAKE_TEST_S3");
    if (warehouse == nullptr) GTEST_SKIP() << "TRADELAKE_TEST_S3 names no warehouse";
    folder_ = std::string(warehouse) + "/" + random_uuid();
    access_ = *s3_access(::getenv);
    io_ = connect(access_);
  }
  void TearDown() override {
    if (!io_) return;
    std::vector<std::string> uris;
    const auto files = io_->list(folder_);
    for (const auto& file : *files) uris.push_back(file.uri);
    EXPECT_TRUE(io_->remove_all(uris));
  }

  std::unique_ptr<FileIo> connect(const S3Access& access) const {
    auto io = make_s3_file_io(access, folder_);
    EXPECT_TRUE(io) << io.error().message;
    return io ? *std::move(io) : nullptr;
  }
  std::string uri(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  S3Access access_;
  std::unique_ptr<FileIo> io_;
};

}  // namespace tradelake::iceberg
