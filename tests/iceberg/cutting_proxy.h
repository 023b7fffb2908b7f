// A TCP proxy before PostgreSQL that cuts the connection at a COMMIT: before it is passed on, or
// after the server has carried it out and before its answer is passed back.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>

#include "iceberg/loopback.h"

namespace tradelake::test {

class CuttingProxy {
 public:
  enum class Cut { never, before_commit, after_commit };

  explicit CuttingProxy(std::uint16_t server_port) : server_port_(server_port) {
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~CuttingProxy() {
    thread_.request_stop();
    thread_.join();
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // The next COMMIT is cut; those after it are not.
  void cut_next(Cut cut) { cut_ = cut; }
  int cuts() const { return cuts_; }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto next = listener_.next();
      if (!next) continue;
      between(*next, server_port_, [&](int client, int server) { pass(client, server, stop); });
    }
  }

  // One connection at a time is what the catalog has.
  void pass(int client, int server, const std::stop_token& stop) {
    std::array<char, 65536> bytes{};
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (poll(ready.data(), ready.size(), 20) <= 0) continue;
      if ((ready[1].revents & (POLLIN | POLLHUP)) != 0) {
        const auto got = read(server, bytes.data(), bytes.size());
        if (got <= 0 || write(client, bytes.data(), static_cast<std::size_t>(got)) != got) return;
      }
      if ((ready[0].revents & (POLLIN | POLLHUP)) != 0) {
        const auto got = read(client, bytes.data(), bytes.size());
        if (got <= 0) return;
        const std::string_view sent(bytes.data(), static_cast<std::size_t>(got));
        const auto cut =
            sent.find("COMMIT") != std::string_view::npos ? cut_.exchange(Cut::never) : Cut::never;
        if (cut != Cut::never) ++cuts_;
        if (cut == Cut::before_commit) return;
        if (write(server, bytes.data(), static_cast<std::size_t>(got)) != got) return;
        if (cut == Cut::after_commit) {
          (void)!read(server, bytes.data(), bytes.size());  // the answer: it is carried out
          return;
        }
      }
    }
  }

  const std::uint16_t server_port_;
  const LoopbackListener listener_;
  std::atomic<Cut> cut_ = Cut::never;
  std::atomic<int> cuts_ = 0;
  std::jthread thread_;
};

}  // namespace tradelake::test
