// Host names to addresses, without ever holding up the end of an io_context.
//
// Asio's own resolver joins its thread when the context ends, and getaddrinfo cannot be
// interrupted: with a dead name server a stop would take half a minute. Here the look-up has a
// thread of its own that nobody waits for. Internal to src/feed: includes Boost.
#pragma once

#include <chrono>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "feed/endpoint.h"

namespace tradelake::feed {

// The endpoint's addresses; throws if there is none in time.
boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(
    Endpoint endpoint, std::chrono::milliseconds timeout);

}  // namespace tradelake::feed
