// A ServerConnection over a Beast WebSocket, plain or TLS.
//
// Threads: the io_context's one thread; its coroutines keep it alive. The two kinds are compiled
// once each (websocket_plain.cpp, websocket_tls.cpp): every one costs the compiler dearly.
// Internal to src/feed/simulator: includes Boost.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>

#include "feed/simulator/server_connection.h"

namespace tradelake::feed {

using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;
using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

template <class Stream>
class WebsocketConnection : public ServerConnection {
 public:
  WebsocketConnection(Stream stream, ConnectionHost& host, ConnectionSetup setup,
                      bybit::Category category);
  ~WebsocketConnection() override;

  // Accepts and reads requests until the connection is over.
  boost::asio::awaitable<void> run(UpgradeRequest request);

 private:
  void start_writing() override;
  void cut() override;
  boost::asio::awaitable<void> write();

  boost::beast::websocket::stream<Stream> ws_;
  bool writing_ = false;
};

extern template class WebsocketConnection<boost::beast::tcp_stream>;
extern template class WebsocketConnection<TlsStream>;

}  // namespace tradelake::feed
