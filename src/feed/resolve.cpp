#include "feed/resolve.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netdb.h>

namespace tradelake::feed {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Lookup {
  std::mutex mutex;
  asio::steady_timer* waiter = nullptr;  // null once nobody waits any more
  std::vector<tcp::endpoint> found;
  std::string failure;
};

void look_up(const std::shared_ptr<Lookup>& lookup, const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const std::lock_guard lock(lookup->mutex);
  if (code != 0) lookup->failure = gai_strerror(code);
  for (const auto* item = list; item != nullptr; item = item->ai_next) {
    tcp::endpoint endpoint;
    if (item->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), item->ai_addr, item->ai_addrlen);
    endpoint.resize(item->ai_addrlen);
    endpoint.port(port);
    lookup->found.push_back(endpoint);
  }
  if (list != nullptr) freeaddrinfo(list);
  if (lookup->waiter == nullptr) return;
  asio::post(lookup->waiter->get_executor(), [lookup] {
    const std::lock_guard relock(lookup->mutex);
    if (lookup->waiter != nullptr) lookup->waiter->cancel();
  });
}

// Whatever ends the wait, the look-up's thread must not touch the timer afterwards.
struct Waiting {
  std::shared_ptr<Lookup> lookup = std::make_shared<Lookup>();
  ~Waiting() {
    const std::lock_guard lock(lookup->mutex);
    lookup->waiter = nullptr;
  }
};

}  // namespace

asio::awaitable<std::vector<tcp::endpoint>> resolve(Endpoint endpoint,
                                                    std::chrono::milliseconds timeout) {
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(endpoint.host, failed);
  if (!failed) {
    co_return std::vector<tcp::endpoint>{tcp::endpoint(address, endpoint.port)};
  }
  asio::steady_timer timer(co_await asio::this_coro::executor, timeout);
  Waiting waiting;
  waiting.lookup->waiter = &timer;
  std::thread([lookup = waiting.lookup, endpoint] {
    look_up(lookup, endpoint.host, endpoint.port);
  }).detach();
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  const std::lock_guard lock(waiting.lookup->mutex);
  if (!waiting.lookup->found.empty()) co_return waiting.lookup->found;
  const auto& why = waiting.lookup->failure;
  throw std::runtime_error("cannot resolve " + endpoint.host + ": " +
                           (why.empty() ? "timed out" : why));
}

}  // namespace tradelake::feed
