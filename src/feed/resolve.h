// Host names to addresses, without ever holding up the end of an io_context.
//
// Asio's own resolver joins its thread when the context ends, and getaddrinfo cannot be interrupted:
// with a dead name server a stop would take half a minute. Here the look-up has a thread of its own
// that nobody waits for.
// Internal to src/feed: includes Boost.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/redirect_error.hpp>

#include <netdb.h>

#include "feed/endpoint.h"

namespace tradelake::feed {

struct Lookup {
  std::mutex mutex;
  boost::asio::steady_timer* waiter = nullptr;  // null once nobody waits any more
  std::vector<boost::asio::ip::tcp::endpoint> found;
  std::string failure;
};

inline void look_up(std::shared_ptr<Lookup> lookup, std::string host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::lock_guard lock(lookup->mutex);
  if (code != 0) lookup->failure = gai_strerror(code);
  for (const auto* item = list; item != nullptr; item = item->ai_next) {
    boost::asio::ip::tcp::endpoint endpoint;
    if (item->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), item->ai_addr, item->ai_addrlen);
    endpoint.resize(item->ai_addrlen);
    endpoint.port(port);
    lookup->found.push_back(endpoint);
  }
  if (list != nullptr) freeaddrinfo(list);
  if (lookup->waiter == nullptr) return;
  boost::asio::post(lookup->waiter->get_executor(), [lookup] {
    const std::lock_guard relock(lookup->mutex);
    if (lookup->waiter != nullptr) lookup->waiter->cancel();
  });
}

// The endpoint's addresses; throws if there is none in time.
inline boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(
    Endpoint endpoint, std::chrono::milliseconds timeout) {
  namespace asio = boost::asio;
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(endpoint.host, failed);
  if (!failed) {
    co_return std::vector<asio::ip::tcp::endpoint>{asio::ip::tcp::endpoint(address, endpoint.port)};
  }
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  struct Waiting {
    std::shared_ptr<Lookup> lookup;
    ~Waiting() {
      const std::lock_guard lock(lookup->mutex);
      lookup->waiter = nullptr;
    }
  };
  Waiting waiting{std::make_shared<Lookup>()};
  waiting.lookup->waiter = &timer;
  std::thread(look_up, waiting.lookup, endpoint.host, endpoint.port).detach();
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  const std::lock_guard lock(waiting.lookup->mutex);
  waiting.lookup->waiter = nullptr;
  if (!waiting.lookup->found.empty()) co_return waiting.lookup->found;
  if (waiting.lookup->failure.empty()) {
    throw std::runtime_error("cannot resolve " + endpoint.host + ": timed out");
  }
  throw std::runtime_error("cannot resolve " + endpoint.host + ": " + waiting.lookup->failure);
}

}  // namespace tradelake::feed
