// The simulator's port: TLS, HTTP, and the change to a WebSocket.
//
// Threads: everything on the io_context's one thread but listen(). The host outlives it.
// Internal to src/feed/simulator: includes Boost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "core/error.h"
#include "feed/byte_stream.h"
#include "feed/simulator/server_connection.h"

namespace boost::asio::ssl {
class context;
}

namespace tradelake::feed {

struct ListenOptions {
  std::string host;
  std::uint16_t port = 0;
  std::string tls_cert;  // PEM files; both or none
  std::string tls_key;
};

class WebServer {
 public:
  WebServer(boost::asio::io_context& context, ConnectionHost& host);
  ~WebServer();

  Result<> listen(const ListenOptions& options);
  void start();
  void close();  // takes no more connections

  std::uint16_t port() const { return port_; }
  bool tls() const { return tls_ != nullptr; }

 private:
  void spawn(boost::asio::awaitable<void> work);
  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(ByteStream stream);

  boost::asio::io_context& context_;
  ConnectionHost& host_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
};

}  // namespace tradelake::feed
