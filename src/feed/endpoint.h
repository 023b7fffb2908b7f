// Where an exchange is: its addresses as the option --source names them.
//
// Threads: values. Does not: connect or resolve names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace tradelake::feed {

struct Endpoint {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;

  // What goes into a Host header: without the scheme's usual port.
  std::string authority() const;
};

// "ws://127.0.0.1:8080", "https://api.bybit.com", "wss://[::1]:9443"; no path.
Result<Endpoint> parse_endpoint(std::string_view url);

// The two sides of an exchange with Bybit's paths.
struct ExchangeAddress {
  std::string name;  // as the user named it
  Endpoint websocket;
  Endpoint rest;
};

// "bybit", or ws://host:port / wss://host:port of a look-alike, whose REST is on the same port.
Result<ExchangeAddress> parse_exchange(std::string_view source);

}  // namespace tradelake::feed
