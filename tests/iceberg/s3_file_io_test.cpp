// A warehouse in S3 when the server, the network or the configuration misbehaves.
#include <chrono>
#include <random>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <gmock/gmock.h>

#include "http_fault_proxy.h"
#include "iceberg/arrow_error.h"
#include "iceberg/parquet_values.h"
#include "iceberg/scan.h"
#include "s3_fixture.h"

namespace tradelake::iceberg {
namespace {

using Fault = test::HttpFaultProxy::Fault;
using testing::HasSubstr;
using testing::Not;

class S3FileIoTest : public S3Test {
 protected:
  void SetUp() override {
    S3Test::SetUp();
    if (!io_) return;
    const auto colon = access_.host.rfind(':');
    proxy_ = std::make_unique<test::HttpFaultProxy>(
        static_cast<std::uint16_t>(std::stoi(access_.host.substr(colon + 1))));
    auto access = access_;
    access.host = fmt::format("127.0.0.1:{}", proxy_->port());
    access.silence_timeout_s = 3;
    spoiled_ = connect(access);
    proxy_->forget_requests();
  }

  // What opening the warehouse with `access` says.
  Error refusal(const S3Access& access, std::string folder = {}) const {
    const auto io = make_s3_file_io(access, folder.empty() ? folder_ : folder);
    EXPECT_FALSE(io);
    return io ? Error{} : io.error();
  }

  std::unique_ptr<test::HttpFaultProxy> proxy_;
  std::unique_ptr<FileIo> spoiled_;  // through the proxy
};

TEST_F(S3FileIoTest, WrongSecretsAreToldWithoutTellingThem) {
  auto access = access_;
  access.secret_key = "NotTheSecret42";
  const auto error = refusal(access);
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_THAT(error.message, HasSubstr(access_.host));
  EXPECT_THAT(error.message, HasSubstr("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
  EXPECT_THAT(error.message, Not(HasSubstr("NotTheSecret42")));
  EXPECT_THAT(error.message, Not(HasSubstr(access_.secret_key)));
  access.access_key = "nobody";
  EXPECT_THAT(refusal(access).message,
              HasSubstr("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
}

TEST_F(S3FileIoTest, AMissingBucketIsTold) {
  const auto error = refusal(access_, "s3://no-such-bucket-here/x");
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_THAT(error.message, HasSubstr("no-such-bucket-here"));
  EXPECT_THAT(error.message, HasSubstr("make the bucket"));
}

TEST_F(S3FileIoTest, AServerThatIsAwayIsUnavailableSoon) {
  auto access = access_;
  access.host = "127.0.0.1:1";
  const auto begin = std::chrono::steady_clock::now();
  const auto error = refusal(access);
  EXPECT_EQ(error.code, Errc::unavailable);
  EXPECT_THAT(error.message, HasSubstr("http://127.0.0.1:1"));
  EXPECT_THAT(error.message, HasSubstr("AWS_ENDPOINT_URL_S3"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(S3FileIoTest, AFileThatIsStoredThoughTheAnswerWasLostIsWritten) {
  proxy_->arm(Fault::lose_answer, "PUT ", 1);
  EXPECT_TRUE(spoiled_->write_new(uri("once"), "bytes"));
  EXPECT_EQ(proxy_->requests("PUT "), 2);
  EXPECT_EQ(*io_->read(uri("once")), "bytes");

  // Given up after several lost answers, and called again.
  proxy_->arm(Fault::lose_answer, "PUT ", 100);
  EXPECT_EQ(spoiled_->write_new(uri("again"), "bytes").error().code, Errc::unavailable);
  EXPECT_EQ(*io_->read(uri("again")), "bytes");
  proxy_->arm(Fault::none, "", 0);
  EXPECT_TRUE(spoiled_->write_new(uri("again"), "bytes"));
  EXPECT_EQ(spoiled_->write_new(uri("again"), "other").error().code, Errc::already_exists);
}

TEST_F(S3FileIoTest, AShortBurstOfRefusalsIsRetriedALongOneIsUnavailable) {
  proxy_->arm(Fault::busy, "/", 2);
  EXPECT_TRUE(spoiled_->write_new(uri("f"), "bytes"));
  EXPECT_EQ(*io_->read(uri("f")), "bytes");
  ASSERT_TRUE(io_->write_new(uri("other"), "bytes"));
  proxy_->arm(Fault::busy, "/", 1'000);
  EXPECT_EQ(spoiled_->write_new(uri("g"), "x").error().code, Errc::unavailable);
  EXPECT_EQ(spoiled_->read(uri("other")).error().code, Errc::unavailable);
  EXPECT_EQ(spoiled_->list(uri("")).error().code, Errc::unavailable);
  EXPECT_EQ(spoiled_->remove(uri("f")).error().code, Errc::unavailable);
  EXPECT_EQ(spoiled_->write_all({{uri("h"), "x"}, {uri("i"), "x"}}).error().code,
            Errc::unavailable);
  proxy_->arm(Fault::none, "", 0);
  EXPECT_EQ(*spoiled_->read(uri("other")), "bytes");
}

TEST_F(S3FileIoTest, HalfAnAnswerIsNeverTakenForTheWhole) {
  const std::string bytes(10'000, 'x');
  ASSERT_TRUE(io_->write_new(uri("f"), bytes));
  proxy_->arm(Fault::cut_body, "GET ", 1);
  EXPECT_EQ(*spoiled_->read(uri("f")), bytes);  // asked for again
  proxy_->arm(Fault::cut_body, "GET ", 100);
  EXPECT_EQ(spoiled_->read(uri("f")).error().code, Errc::unavailable);
  // The network has delivered what the server calls the whole: what is stored must be damaged.
  proxy_->arm(Fault::short_body, "GET ", 100);
  EXPECT_EQ(spoiled_->read(uri("f")).error().code, Errc::corrupt);
  proxy_->arm(Fault::short_body, "GET ", 1);
  EXPECT_EQ(*spoiled_->read(uri("f")), bytes);

  // The same through what Parquet's reader is given, with the code it has to come out with.
  const auto file = *spoiled_->open_sized(uri("f"), 10'000);
  proxy_->arm(Fault::cut_body, "GET ", 100);
  const auto cut = file->ReadAt(0, 10'000);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(to_error(cut.status(), "reading").code, Errc::unavailable);
}

TEST_F(S3FileIoTest, WhatFailsWithinAParquetFileIsStillWaitedFor) {
  TableMetadata table;
  table.schemas = {Schema{SchemaId{0}, {field(1, "n", primitive(TypeKind::int64))}, {}}};
  table.specs = {PartitionSpec{}};
  Column numbers;
  std::mt19937_64 random(3);
  for (int n = 0; n < 50'000; ++n) numbers.emplace_back(static_cast<std::int64_t>(random()));
  const auto data = *write_data_file(*io_, {.uri = uri("n.parquet")}, table.schema(),
                                     *to_table(table.schema(), {numbers}), {});
  const auto read = [&] { return read_data_file(table, *spoiled_, data, {}, {}); };
  ASSERT_EQ((*read())->num_rows(), 50'000);
  EXPECT_GE(proxy_->requests("GET "), 2);  // footer and columns
  EXPECT_EQ(proxy_->requests("HEAD "), 0);
  for (const int spared : {0, 1}) {
    for (const auto fault : {Fault::busy, Fault::cut_body, Fault::lose_answer}) {
      proxy_->arm(fault, "GET ", 1'000, spared);
      const auto failed = read();
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code, Errc::unavailable) << failed.error().message;
    }
    proxy_->arm(Fault::short_body, "GET ", 1'000, spared);
    EXPECT_EQ(read().error().code, Errc::corrupt);
  }
  proxy_->arm(Fault::none, "", 0);
  EXPECT_TRUE(read());
}

TEST_F(S3FileIoTest, LargeFilesSurviveALostPartAndLeaveNoPartsWhenGivenUp) {
  const std::string bytes(20'000'000, 'y');
  proxy_->arm(Fault::lose_answer, "partNumber=2", 1);
  EXPECT_TRUE(spoiled_->write_new(uri("large"), bytes));
  EXPECT_TRUE(*io_->read(uri("large")) == bytes);
  EXPECT_EQ(proxy_->requests("DELETE "), 0);

  proxy_->arm(Fault::busy, "partNumber=2", 100);
  EXPECT_EQ(spoiled_->write_new(uri("given-up"), bytes + bytes).error().code, Errc::unavailable);
  EXPECT_EQ(proxy_->requests("DELETE "), 1) << "the parts are kept, and paid for";
  EXPECT_EQ(io_->read(uri("given-up")).error().code, Errc::not_found);

  proxy_->arm(Fault::busy, "POST /", 100);
  EXPECT_EQ(spoiled_->write_new(uri("not-begun"), bytes).error().code, Errc::unavailable);
}

TEST_F(S3FileIoTest, ACompletionWhoseAnswerIsLostIsFoundDone) {
  const std::string bytes(20'000'000, 'z');
  // The completion carries uploadId and no part. Asked again, there is no such upload any more.
  proxy_->arm(Fault::lose_answer, "?uploadId=", 1);
  const auto found = spoiled_->write_new(uri("found"), bytes);
  EXPECT_TRUE(found) << found.error().message;
  EXPECT_TRUE(*io_->read(uri("found")) == bytes);

  proxy_->arm(Fault::lose_answer, "?uploadId=", 100);
  const auto lost = spoiled_->write_new(uri("lost"), bytes);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Errc::unavailable) << lost.error().message;
  proxy_->arm(Fault::none, "", 0);
  EXPECT_TRUE(spoiled_->write_new(uri("lost"), bytes));
  EXPECT_TRUE(*io_->read(uri("lost")) == bytes);
}

TEST_F(S3FileIoTest, SlowAnswersAreWaitedForAndSilenceIsNot) {
  ASSERT_TRUE(io_->write_new(uri("f"), "bytes"));
  proxy_->arm(Fault::slow, "GET ", 1);
  EXPECT_EQ(*spoiled_->read(uri("f")), "bytes");
  proxy_->arm(Fault::silence, "GET ", 100);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(spoiled_->read(uri("f")).error().code, Errc::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}

TEST_F(S3FileIoTest, RequestsPerCallAreFew) {
  ASSERT_TRUE(spoiled_->write_new(uri("f"), "bytes"));
  EXPECT_EQ(proxy_->requests("HTTP/1.1"), 2);  // is it there, and the bytes
  EXPECT_EQ(*spoiled_->read(uri("f")), "bytes");
  EXPECT_EQ(proxy_->requests("HTTP/1.1"), 2);  // of a file that was written just now: none
  proxy_->forget_requests();
  const auto file = *spoiled_->open_sized(uri("f"), 5);
  EXPECT_EQ((*file->ReadAt(0, 5))->ToString(), "bytes");
  EXPECT_EQ(proxy_->requests("HTTP/1.1"), 1);
}

}  // namespace
}  // namespace tradelake::iceberg
