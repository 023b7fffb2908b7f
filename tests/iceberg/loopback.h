// Sockets on 127.0.0.1 for proxies that tests put before a server.
//
// Threads: one owner. Does not: read or write.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

namespace tradelake::test {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket that listens on a port that was free.
class LoopbackListener {
 public:
  LoopbackListener() {
    auto address = loopback(0);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(socket_, 64);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~LoopbackListener() { close(socket_); }
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  std::uint16_t port() const { return port_; }
  // The next connection, if it comes within 20 ms; to be closed by the caller.
  std::optional<int> next() const {
    pollfd ready{socket_, POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) return std::nullopt;
    return accept(socket_, nullptr, nullptr);
  }

 private:
  int socket_ = socket(AF_INET, SOCK_STREAM, 0);
  std::uint16_t port_ = 0;
};

// Connects to the server, calls `pass(client, server)` if it is there, and closes both.
template <class Pass>
void between(int client, std::uint16_t server_port, Pass pass) {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(server_port);
  if (connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
    pass(client, server);
  close(client);
  close(server);
}

}  // namespace tradelake::test
