// A ServerConnection over a Beast WebSocket.
//
// Threads: the io_context's one thread; its coroutines keep it alive.
// Internal to src/feed/simulator: includes Boost.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "feed/byte_stream.h"
#include "feed/simulator/server_connection.h"

namespace tradelake::feed {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

class WebsocketConnection : public ServerConnection {
 public:
  WebsocketConnection(ByteStream stream, ConnectionHost& host, ConnectionSetup setup,
                      bybit::Category category);
  ~WebsocketConnection() override;

  // Accepts and reads requests until the connection is over.
  boost::asio::awaitable<void> run(UpgradeRequest request);

 private:
  void start_writing() override;
  void cut() override;
  boost::asio::awaitable<void> write();

  boost::beast::websocket::stream<ByteStream> ws_;
  bool writing_ = false;
};

}  // namespace tradelake::feed
