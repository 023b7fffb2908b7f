#include "feed/simulator/websocket_connection.h"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>

namespace tradelake::feed {

// How long a client may take to answer a close frame.
constexpr std::chrono::seconds close_timeout{2};

WebsocketConnection::WebsocketConnection(ByteStream stream, ConnectionHost& host,
                                         ConnectionSetup setup, bybit::Category category)
    : ServerConnection(host, std::move(setup), category), ws_(std::move(stream)) {}

WebsocketConnection::~WebsocketConnection() = default;

boost::asio::awaitable<void> WebsocketConnection::run(UpgradeRequest request) {
  namespace asio = boost::asio;
  namespace websocket = boost::beast::websocket;
  const auto self = shared_from_this();
  ws_.set_option(
      websocket::stream_base::timeout{close_timeout, websocket::stream_base::none(), false});
  co_await ws_.async_accept(request, asio::use_awaitable);
  opened();
  boost::beast::flat_buffer buffer;
  boost::system::error_code failed;
  for (;;) {
    co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    const auto data = buffer.cdata();
    received({static_cast<const char*>(data.data()), data.size()});
    buffer.consume(buffer.size());
  }
  gone();
  cut();
}

void WebsocketConnection::start_writing() {
  if (std::exchange(writing_, true)) return;
  boost::asio::co_spawn(ws_.get_executor(), write(),
                        [self = shared_from_this()](std::exception_ptr) {});
}

void WebsocketConnection::cut() {
  ws_.next_layer().close();
}

boost::asio::awaitable<void> WebsocketConnection::write() {
  namespace asio = boost::asio;
  boost::system::error_code failed;
  Item item;
  while (!failed && next(item)) {
    ws_.text(true);
    co_await ws_.async_write(asio::buffer(item.text()),
                             asio::redirect_error(asio::use_awaitable, failed));
    completed(item, !failed);
  }
  writing_ = false;
  if (failed || ending_ == Ending::none) co_return;
  writing_ = true;  // for good: nothing is sent after the end
  if (ending_ == Ending::close_frame) {
    co_await ws_.async_close(boost::beast::websocket::close_code::going_away,
                             asio::redirect_error(asio::use_awaitable, failed));
  } else {
    // Not closed before the client has: that could reset the connection and lose what is in it.
    ws_.next_layer().shutdown_send();
  }
}

}  // namespace tradelake::feed
