#include "feed/tls.h"

#include <boost/asio/ssl/context.hpp>

namespace tradelake::feed {

namespace ssl = boost::asio::ssl;

Result<std::shared_ptr<ssl::context>> make_client_tls(const TlsTrust& trust) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  boost::system::error_code failed;
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(ssl::verify_peer, failed);
  if (!failed && trust.ca_file.empty()) context->set_default_verify_paths(failed);
  if (!failed && !trust.ca_file.empty()) context->load_verify_file(trust.ca_file, failed);
  if (failed) {
    return make_error(Errc::invalid_argument, "tls: cannot load trusted certificates from {}: {}",
                      trust.ca_file.empty() ? "the system's store" : trust.ca_file,
                      failed.message());
  }
  return context;
}

}  // namespace tradelake::feed
