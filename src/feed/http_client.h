// GET over HTTP/1.1, plain or TLS, with one time-out for the whole exchange.
//
// Threads: blocks the calling thread, shares nothing.
// Does not: follow redirects, keep connections, or retry; callers say what to do about failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "feed/endpoint.h"
#include "feed/tls.h"

namespace tradelake::feed {

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string date;  // its Date header, or empty
  std::optional<std::int64_t>
      certificate_end_us;  // of the server's certificate; nothing without TLS
};

struct HttpOptions {
  std::chrono::milliseconds timeout{5'000};
  TlsTrust trust;
  std::size_t max_body_bytes = 16 << 20;
};

// Any answer of the server is a success here, whatever its status.
Result<HttpResponse> http_get(const Endpoint& endpoint, std::string_view target,
                              const HttpOptions& options = {});

}  // namespace tradelake::feed
