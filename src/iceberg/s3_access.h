// Where an S3 server is and who asks: what the ecosystem's own variables say.
//
// Threads: values. Invariant: the secrets in here reach nothing but the requests' signatures.
// Does not: look for profiles, metadata services or roles; connect.
#pragma once

#include <string>

#include "core/settings.h"

namespace tradelake::iceberg {

struct S3Access {
  std::string scheme;  // http or https
  std::string host;    // host[:port]; empty: Amazon's own, by region
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // may be empty
  std::string ca_file;        // PEM file of trusted certificates, for https
  double connect_timeout_s = 3;
  double silence_timeout_s = 10;  // without a byte from the server

  // What errors call the server: http://host:port, or Amazon's region.
  std::string shown() const;
};

// AWS_ENDPOINT_URL_S3 (else AWS_ENDPOINT_URL), AWS_REGION (else AWS_DEFAULT_REGION),
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CA_BUNDLE; each may instead end
// in _FILE and name a file. Errors: invalid_argument, which says what to set.
Result<S3Access> s3_access(const Settings::Environment& environment);

}  // namespace tradelake::iceberg
