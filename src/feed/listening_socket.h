// A TCP socket that listens: the API's port, and the simulator's.
//
// Threads: function. Does not: accept; include Boost, so that folders below may use it.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace tradelake::feed {

struct ListeningSocket {
  int native = -1;  // the caller's: hand it to an acceptor at once
  bool ipv6 = false;
  std::uint16_t port = 0;
};

// `host` is an IP address or localhost; port 0 takes any free one. Errors: invalid_argument, io (in
// use, not ours), both saying what to do.
Result<ListeningSocket> listen_on(const std::string& host, std::uint16_t port);

}  // namespace tradelake::feed
