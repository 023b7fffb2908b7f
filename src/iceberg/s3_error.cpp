#include "iceberg/s3_error.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <arrow/status.h>
#include <arrow/util/io_util.h>

namespace tradelake::iceberg {
namespace {

struct Meaning {
  std::string_view sign;  // as the SDK or a server's XML spells it
  Errc code;
  std::string_view advice;
};

constexpr std::string_view keys = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

// The first sign found decides.
constexpr auto meanings = std::to_array<Meaning>({
    {"NO_SUCH_BUCKET", Errc::io, "make the bucket, or correct the warehouse's address"},
    {"NoSuchBucket", Errc::io, "make the bucket, or correct the warehouse's address"},
    {"SIGNATURE_DOES_NOT_MATCH", Errc::io, keys},
    {"INVALID_ACCESS_KEY_ID", Errc::io, keys},
    {"UserNotFound", Errc::io, keys},
    {"EXPIRED", Errc::io, "AWS_SESSION_TOKEN has expired"},
    {"ExpiredToken", Errc::io, "AWS_SESSION_TOKEN has expired"},
    {"SKEWED", Errc::io, "this machine's clock differs from the server's"},
    {"ACCESS_DENIED", Errc::io, "check the credentials in AWS_… and what they may do"},
    {"HTTP status 403", Errc::io, "check the credentials in AWS_… and what they may do"},
    {"NO_SUCH_KEY", Errc::not_found, ""},
    {"RESOURCE_NOT_FOUND", Errc::io,
     "check the bucket, and that AWS_ENDPOINT_URL_S3 is an S3 server"},
    {"InvalidBucketName", Errc::io, "correct the warehouse's address"},
    {"AuthorizationHeaderMalformed", Errc::io, "check AWS_REGION"},
    {"HTTP status 301", Errc::io, "the bucket is in another region: check AWS_REGION"},
    {"curlCode: 60", Errc::io, "AWS_CA_BUNDLE names the certificates to trust"},
    {"NETWORK_CONNECTION", Errc::unavailable,
     "check that the server runs and that AWS_ENDPOINT_URL_S3 is its address"},
    {"NO_SUCH_UPLOAD", Errc::unavailable, ""},  // begun anew, it may go through
    {"SLOW_DOWN", Errc::unavailable, ""},
    {"THROTTLING", Errc::unavailable, ""},
    {"REQUEST_TIMEOUT", Errc::unavailable, ""},
    {"INTERNAL_FAILURE", Errc::unavailable, ""},
    {"SERVICE_UNAVAILABLE", Errc::unavailable, ""},
    {"HTTP status 5", Errc::unavailable, ""},
    {"HTTP status 429", Errc::unavailable, ""},
});

}  // namespace

Error to_s3_error(const arrow::Status& status, std::string_view doing, std::string_view server) {
  if (arrow::internal::ErrnoFromStatus(status) == ENOENT) {
    return {Errc::not_found, fmt::format("{}: there is no such object at {}", doing, server)};
  }
  const auto& text = status.message();
  // What stands before it names the object, which may be called anything.
  const auto answer = std::string_view(text).substr(std::min(text.find("AWS Error"), text.size()));
  for (const auto& [sign, code, advice] : meanings) {
    if (!answer.contains(sign)) continue;
    return {code,
            fmt::format("{}: {}: {}{}{}", doing, server, text, advice.empty() ? "" : "; ", advice)};
  }
  return {status.IsNotImplemented() ? Errc::unsupported : Errc::io,
          fmt::format("{}: {}: {}", doing, server, text)};
}

}  // namespace tradelake::iceberg
