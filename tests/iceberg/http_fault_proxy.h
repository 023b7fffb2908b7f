// A TCP proxy before an HTTP server that spoils the answers it is asked to spoil.
//
// Threads: one per connection; arm() and what it counts from any. Does not: change what is sent to
// the server, so that requests stay signed for it; pipeline.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "iceberg/loopback.h"

namespace tradelake::test {

class HttpFaultProxy {
 public:
  enum class Fault {
    none,
    lose_answer,  // the server carries it out; the connection is cut before its answer
    busy,         // 503 SlowDown; the server sees nothing of it
    cut_body,     // half of the answer, then the connection is cut
    short_body,   // half of the body, with a head that says that this is all
    silence,      // nothing is passed on, the connection stays
    slow,         // the answer comes after 2 s
  };

  explicit HttpFaultProxy(std::uint16_t server_port) : server_port_(server_port) {
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~HttpFaultProxy() {
    thread_.request_stop();
    thread_.join();
    for (auto& connection : connections_) connection.request_stop();
    connections_.clear();
  }
  HttpFaultProxy(const HttpFaultProxy&) = delete;
  HttpFaultProxy& operator=(const HttpFaultProxy&) = delete;

  std::uint16_t port() const { return listener_.port(); }

  // The next `times` requests whose first line contains `what` suffer from it, once `spared` of
  // them have passed.
  void arm(Fault fault, std::string what, int times, int spared = 0) {
    const std::lock_guard lock(mutex_);
    fault_ = fault, what_ = std::move(what), times_ = times, spared_ = spared;
  }
  // How many requests have come whose first line contains `what`.
  int requests(std::string_view what) const {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(
        std::ranges::count_if(lines_, [&](const auto& line) { return line.contains(what); }));
  }
  void forget_requests() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }

 private:
  static bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto next = listener_.next();
      if (!next) continue;
      connections_.emplace_back([this, accepted = *next](std::stop_token end) {
        between(accepted, server_port_, [&](int client, int server) { pass(client, server, end); });
      });
    }
  }

  Fault take(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    if (times_ == 0 || !line.contains(what_)) return Fault::none;
    if (spared_ > 0) {
      --spared_;
      return Fault::none;
    }
    --times_;
    return fault_;
  }

  // A request begins with the first bytes of the client after an answer.
  void pass(int client, int server, const std::stop_token& stop) {
    std::array<char, 65536> bytes{};
    bool between_requests = true;
    auto fault = Fault::none;
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (poll(ready.data(), ready.size(), 20) <= 0) continue;
      if ((ready[0].revents & (POLLIN | POLLHUP)) != 0) {
        const auto got = read(client, bytes.data(), bytes.size());
        if (got <= 0) return;
        const std::string_view sent(bytes.data(), static_cast<std::size_t>(got));
        if (between_requests) fault = take(sent.substr(0, sent.find("\r\n")));
        between_requests = false;
        if (fault == Fault::busy) return refuse(client);
        if (fault != Fault::silence && !send_all(server, sent)) return;
      }
      if ((ready[1].revents & (POLLIN | POLLHUP)) != 0) {
        const auto got = read(server, bytes.data(), bytes.size());
        if (got <= 0) return;
        std::string answer(bytes.data(), static_cast<std::size_t>(got));
        const bool interim = answer.starts_with("HTTP/1.1 100");
        if (!interim) {
          between_requests = true;
          if (fault == Fault::lose_answer) return;
          if (fault == Fault::slow) std::this_thread::sleep_for(std::chrono::seconds(2));
          if (fault == Fault::cut_body || fault == Fault::short_body) complete(server, answer);
          if (fault == Fault::cut_body) answer.resize(answer.find("\r\n\r\n") + 4 + 5);
          if (fault == Fault::short_body) answer = shortened(std::move(answer));
        }
        if (!send_all(client, answer)) return;
        if (!interim && (fault == Fault::cut_body || fault == Fault::short_body)) return;
        if (!interim) fault = Fault::none;
      }
    }
  }

  // Head and body may come one after the other.
  static void complete(int server, std::string& answer) {
    std::array<char, 65536> bytes{};
    while (answer.size() < answer.find("\r\n\r\n") + 4 + 5'000) {
      const auto got = read(server, bytes.data(), bytes.size());
      if (got <= 0) return;
      answer.append(bytes.data(), static_cast<std::size_t>(got));
    }
  }

  static std::string shortened(std::string answer) {
    const auto body = answer.find("\r\n\r\n") + 4;
    answer.resize(body + (answer.size() - body) / 2);
    const auto length = answer.find("Content-Length: ") + 16;
    answer.replace(length, answer.find("\r\n", length) - length,
                   std::to_string(answer.size() - body));
    return answer;
  }

  static void refuse(int client) {
    constexpr std::string_view xml =
        "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Please reduce your request "
        "rate.</Message></Error>";
    send_all(client,
             "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\n"
             "Connection: close\r\nContent-Length: " +
                 std::to_string(xml.size()) + "\r\n\r\n" + std::string(xml));
    shutdown(client, SHUT_WR);
    // What is still being sent would make the system take the answer back.
    std::array<char, 65536> rest{};
    pollfd ready{client, POLLIN, 0};
    while (poll(&ready, 1, 500) > 0 && read(client, rest.data(), rest.size()) > 0) {
    }
  }

  const std::uint16_t server_port_;
  const LoopbackListener listener_;
  mutable std::mutex mutex_;
  Fault fault_ = Fault::none;
  std::string what_;
  int times_ = 0;
  int spared_ = 0;
  std::vector<std::string> lines_;
  std::vector<std::jthread> connections_;
  std::jthread thread_;
};

}  // namespace tradelake::test
