#include "iceberg/s3_connection.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include <arrow/filesystem/s3fs.h>

#include "iceberg/arrow_error.h"

namespace tradelake::iceberg {
namespace {

// Short: whoever waits for longer is above us, and says so.
class FewRetries final : public arrow::fs::S3RetryStrategy {
 public:
  bool ShouldRetry(const AWSErrorDetail& error, std::int64_t retries) override {
    const bool timed_out = error.message.contains("curlCode: 28");
    return error.should_retry && retries < (timed_out ? 1 : 3);
  }
  std::int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, std::int64_t retries) override {
    thread_local std::minstd_rand random(std::random_device{}());
    const auto longest_ms = std::int64_t{100} << std::min<std::int64_t>(retries, 4);
    return std::uniform_int_distribution<std::int64_t>(longest_ms / 2, longest_ms)(random);
  }
};

arrow::Status start_library() {
  // Else it asks for Amazon's machine metadata, and waits, wherever it runs.
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 0);
  auto options = arrow::fs::S3GlobalOptions::Defaults();
  options.log_level = arrow::fs::S3LogLevel::Off;  // to standard error; all of it reaches us too
  return arrow::fs::InitializeS3(options);
}

}  // namespace

Result<std::shared_ptr<arrow::fs::FileSystem>> connect_s3(const S3Access& access) {
  static const arrow::Status started = start_library();
  TL_TRY(checked(started, "starting the S3 library"));
  auto options = arrow::fs::S3Options::FromAccessKey(access.access_key, access.secret_key,
                                                     access.session_token);
  options.region = access.region;
  options.scheme = access.scheme;
  options.endpoint_override = access.host;
  options.connect_timeout = access.connect_timeout_s;
  options.request_timeout = access.silence_timeout_s;
  options.retry_strategy = std::make_shared<FewRetries>();
  options.allow_delayed_open = true;  // a small file is one request, not the three of a large one
  options.background_writes = false;  // the bytes are the caller's, until the call returns
  if (access.scheme == "https") options.tls_ca_file_path = access.ca_file;
  TL_ASSIGN(auto connected, checked(arrow::fs::S3FileSystem::Make(options), "making an S3 client"));
  return connected;
}

void end_s3() {
  if (arrow::fs::IsS3Initialized()) (void)arrow::fs::FinalizeS3();
}

}  // namespace tradelake::iceberg
