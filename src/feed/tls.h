// TLS for clients: who is trusted.
//
// Threads: a context may be shared by connections of any thread once it is made.
// Does not: ever skip verification; a private exchange names its own CA instead.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"

namespace boost::asio::ssl {
class context;
}

namespace tradelake::feed {

struct TlsTrust {
  std::string ca_file;  // PEM; empty: the system's store
};

Result<std::shared_ptr<boost::asio::ssl::context>> make_client_tls(const TlsTrust& trust);

}  // namespace tradelake::feed
