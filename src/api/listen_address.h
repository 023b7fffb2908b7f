// The address a server listens on, as text: "127.0.0.1:8460", "localhost:0", "[::1]:8460".
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace tradelake::api {

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one
};

// Errors: invalid_argument, naming the setting `listen`.
Result<ListenAddress> parse_listen(const std::string& listen);

}  // namespace tradelake::api
