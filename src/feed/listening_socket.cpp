#include "feed/listening_socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace tradelake::feed {

namespace asio = boost::asio;
using asio::ip::tcp;

Result<ListeningSocket> listen_on(const std::string& host, std::uint16_t port) {
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, failed);
  if (failed) {
    return make_error(Errc::invalid_argument,
                      "listen: '{}' is no address; allowed: an IP address or localhost", host);
  }
  const tcp::endpoint endpoint(address, port);
  asio::io_context context;
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed == asio::error::address_in_use) {
    return make_error(
        Errc::io,
        "port {} of {} is in use by another program; stop that one, or choose another "
        "with --listen HOST:PORT (port 0 takes any free one)",
        port, host);
  }
  if (failed)
    return make_error(Errc::io, "cannot listen on {}:{}: {}", host, port, failed.message());
  const std::uint16_t bound = acceptor.local_endpoint().port();
  const int native = acceptor.release(failed);
  if (failed)
    return make_error(Errc::io, "cannot listen on {}:{}: {}", host, port, failed.message());
  return ListeningSocket{native, address.is_v6(), bound};
}

}  // namespace tradelake::feed
