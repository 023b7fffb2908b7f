// HTTP/1.1 with keep-alive: sockets, limits and time-outs. What is answered is the handlers'
// affair.
//
// Threads: one for all sockets, a few workers for the slow handler. `quick` runs on the sockets'
// thread, so it must not wait; what it declines goes to `slow`, on a worker.
// Invariants: header, body, connections and waiting time are bounded; a malformed request gets an
// answer of class 4xx and its connection is closed; an exception of a handler is an answer 500.
// Does not: know routes, TLS, or compression.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http.h"
#include "core/error.h"

namespace tradelake::api {

struct HttpLimits {
  std::size_t connections = 512;
  std::uint32_t header_bytes = 16 << 10;
  std::uint64_t body_bytes = 64 << 10;
  std::chrono::seconds patience{
      30};  // for a whole request, an answer to be taken, or the next request
  unsigned workers = 2;
};

struct Handlers {
  std::function<std::optional<Response>(const Request&)> quick;
  std::function<Response(const Request&)> slow;
};

class HttpServer {
 public:
  // Errors: invalid_argument (not an address), io (the port is in use, or may not be used).
  static Result<std::unique_ptr<HttpServer>> start(const std::string& host, std::uint16_t port,
                                                   Handlers handlers,
                                                   const HttpLimits& limits = {});
  virtual ~HttpServer() = default;  // stops
  virtual std::uint16_t port() const = 0;
};

}  // namespace tradelake::api
