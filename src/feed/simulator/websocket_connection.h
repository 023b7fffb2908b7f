// A ServerConnection over a Beast WebSocket, plain or TLS.
//
// Threads: the io_context's one thread; its coroutines keep it alive.
// Internal to src/feed/simulator: includes Boost.
#pragma once

#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "feed/simulator/server_connection.h"

namespace tradelake::feed {

template <class Stream>
class WebsocketConnection : public ServerConnection {
 public:
  using WebSocket = boost::beast::websocket::stream<Stream>;

  template <class... Args>
  explicit WebsocketConnection(WebSocket ws, Args&&... args)
      : ServerConnection(std::forward<Args>(args)...), ws_(std::move(ws)) {}

  // Reads requests until the connection is over.
  boost::asio::awaitable<void> read() {
    const auto self = shared_from_this();
    boost::beast::flat_buffer buffer;
    boost::system::error_code failed;
    for (;;) {
      co_await ws_.async_read(buffer,
                              boost::asio::redirect_error(boost::asio::use_awaitable, failed));
      if (failed) break;
      const auto data = buffer.cdata();
      received({static_cast<const char*>(data.data()), data.size()});
      buffer.consume(buffer.size());
    }
    gone();
    cut();
  }

 private:
  void start_writing() override {
    if (std::exchange(writing_, true)) return;
    boost::asio::co_spawn(
        ws_.get_executor(),
        [this, self = shared_from_this()]() -> boost::asio::awaitable<void> { return write(); },
        [self = shared_from_this()](std::exception_ptr) {});
  }

  void cut() override { boost::beast::get_lowest_layer(ws_).close(); }

  boost::asio::awaitable<void> write() {
    boost::system::error_code failed;
    Item item;
    while (!failed && next(item)) {
      ws_.text(true);
      co_await ws_.async_write(boost::asio::buffer(item.text()),
                               boost::asio::redirect_error(boost::asio::use_awaitable, failed));
      completed(item, !failed);
    }
    if (!failed && ending_ == Ending::close_frame) {
      co_await ws_.async_close(boost::beast::websocket::close_code::going_away,
                               boost::asio::redirect_error(boost::asio::use_awaitable, failed));
    } else if (ending_ == Ending::no_close_frame) {
      // Not closed before the client has: that could reset the connection and lose what is in it.
      boost::beast::get_lowest_layer(ws_).socket().shutdown(
          boost::asio::ip::tcp::socket::shutdown_send, failed);
    }
    writing_ = false;
  }

  WebSocket ws_;
  bool writing_ = false;
};

}  // namespace tradelake::feed
