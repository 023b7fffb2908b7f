// The frames of a WebSocket as they pass by, text turned into binary: so that Beast hands over a
// text message whose bytes are not UTF-8 instead of ending the connection, and it can be kept as
// received.
//
// RFC 6455 (8.1) has the client fail the connection; but what the exchange sent would be lost then,
// and every other frame with it until the connection stands again. Who needs UTF-8 checks it.
// Threads: one owner. Only for what a server sends (unmasked, 5.2). Does not: change anything else.
#pragma once

#include <cstdint>
#include <span>

namespace tradelake::feed {

class TextAsBinary {
 public:
  // The next bytes of the connection, from the answer to the HTTP upgrade on; changed in place.
  void pass(std::span<unsigned char> bytes);

 private:
  enum class Part { http, first_byte, length, more_length, payload };

  Part part_ = Part::http;
  int line_ends_ = 0;  // of "\r\n\r\n", how much was seen
  int length_bytes_left_ = 0;
  std::uint64_t payload_left_ = 0;
};

}  // namespace tradelake::feed
