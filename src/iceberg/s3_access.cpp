#include "iceberg/s3_access.h"

#include <filesystem>

#include "core/secret.h"

namespace tradelake::iceberg {
namespace {

// The first of the two that is set.
Result<std::string> either(const Settings::Environment& environment, std::string_view name,
                           std::string_view fallback) {
  TL_ASSIGN(auto value, read_secret(environment, name));
  if (!value.empty()) return value;
  return read_secret(environment, fallback);
}

Result<std::string> required(const Settings::Environment& environment, std::string_view name) {
  TL_ASSIGN(auto value, read_secret(environment, name));
  if (value.empty()) {
    return make_error(Errc::invalid_argument,
                      "a warehouse in S3 needs {0}; set it, or {0}_FILE to the file that holds it",
                      name);
  }
  return value;
}

Result<> take_endpoint(const std::string& url, S3Access& access) {
  access.scheme = "https";
  if (url.empty()) return {};
  const auto colon = url.find("://");
  auto host = colon == std::string::npos ? "" : url.substr(colon + 3);
  while (host.ends_with('/')) host.pop_back();
  access.scheme = url.substr(0, colon);
  // Not shown: somebody may have put a password into it.
  if ((access.scheme != "http" && access.scheme != "https") || host.empty() ||
      host.find_first_of("/?#@ ") != std::string::npos) {
    return make_error(Errc::invalid_argument,
                      "AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) is not a server's address; "
                      "allowed: http://host:port or https://host:port");
  }
  access.host = std::move(host);
  return {};
}

// The TLS library of Arrow's wheel was built elsewhere and looks for certificates in that place.
std::string system_certificates() {
  for (const auto* file : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) return file;
  }
  return {};
}

}  // namespace

std::string S3Access::shown() const {
  return host.empty() ? "Amazon S3 in " + region : scheme + "://" + host;
}

Result<S3Access> s3_access(const Settings::Environment& environment) {
  S3Access access;
  TL_ASSIGN(const auto url, either(environment, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"));
  TL_TRY(take_endpoint(url, access));
  TL_ASSIGN(access.region, either(environment, "AWS_REGION", "AWS_DEFAULT_REGION"));
  if (access.region.empty()) {
    if (access.host.empty()) {
      return make_error(Errc::invalid_argument,
                        "a warehouse in S3 needs AWS_REGION, or AWS_ENDPOINT_URL_S3 of a server "
                        "that is not Amazon's");
    }
    access.region = "us-east-1";  // what other servers expect unless told otherwise
  }
  TL_ASSIGN(access.access_key, required(environment, "AWS_ACCESS_KEY_ID"));
  TL_ASSIGN(access.secret_key, required(environment, "AWS_SECRET_ACCESS_KEY"));
  TL_ASSIGN(access.session_token, read_secret(environment, "AWS_SESSION_TOKEN"));
  TL_ASSIGN(access.ca_file, read_secret(environment, "AWS_CA_BUNDLE"));
  if (access.ca_file.empty()) access.ca_file = system_certificates();
  return access;
}

}  // namespace tradelake::iceberg
