// One WebSocket to one address and path, plain or TLS, from connecting to its end.
//
// Threads: everything on the io_context's one thread, callbacks included. on_closed comes exactly
// once, unless close() came first: then no callback comes any more. A listener may destroy the
// connection inside a callback.
// Does not: reconnect, ping or know Bybit. Reading waits for nothing but the socket.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "feed/endpoint.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace tradelake::feed {

struct WsOptions {
  std::chrono::milliseconds connect_timeout{10'000};  // of each step: resolve, connect, handshakes
  // Far above what the log takes in one record, so that a frame that is too large is seen and
  // recorded; a larger one ends the connection.
  std::size_t max_message_bytes = 16 << 20;
};

class WsConnection {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_open() = 0;
    virtual void on_frame(std::string_view text) = 0;  // text or binary, whole
    virtual void on_sign_of_life() = 0;                // a ping or pong of the WebSocket protocol
    virtual void on_closed(std::string_view cause) = 0;
  };

  // `tls` is needed for a TLS endpoint only; certificate and host name are verified.
  WsConnection(boost::asio::io_context& context, std::shared_ptr<boost::asio::ssl::context> tls,
               Endpoint endpoint, std::string path, WsOptions options, Listener& listener);
  ~WsConnection();
  WsConnection(const WsConnection&) = delete;
  WsConnection& operator=(const WsConnection&) = delete;

  void start();
  void send(std::string text);  // queued; lost if the connection ends first
  void close();

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
