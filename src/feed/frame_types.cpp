#include "feed/frame_types.h"

#include <algorithm>
#include <string_view>

namespace tradelake::feed {
namespace {

constexpr unsigned char opcode_bits = 0x0f, text = 0x1, binary = 0x2, length_bits = 0x7f;
constexpr int length_of_16_bits = 126, length_of_64_bits = 127;

}  // namespace

void TextAsBinary::pass(std::span<unsigned char> bytes) {
  constexpr std::string_view head_end = "\r\n\r\n";
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto& byte = bytes[at];
    switch (part_) {
      case Part::http:
        line_ends_ =
            byte == static_cast<unsigned char>(head_end[static_cast<std::size_t>(line_ends_)])
                ? line_ends_ + 1
                : (byte == '\r' ? 1 : 0);
        if (line_ends_ == static_cast<int>(head_end.size())) part_ = Part::first_byte;
        break;
      case Part::first_byte:
        if ((byte & opcode_bits) == text)
          byte = static_cast<unsigned char>((byte & ~opcode_bits) | binary);
        part_ = Part::length;
        break;
      case Part::length: {
        const int length = byte & length_bits;
        length_bytes_left_ = length == length_of_64_bits ? 8 : length == length_of_16_bits ? 2 : 0;
        payload_left_ = length_bytes_left_ == 0 ? static_cast<std::uint64_t>(length) : 0;
        part_ = length_bytes_left_ > 0 ? Part::more_length
                : payload_left_ > 0    ? Part::payload
                                       : Part::first_byte;
        break;
      }
      case Part::more_length:
        payload_left_ = payload_left_ << 8 | byte;
        if (--length_bytes_left_ == 0) part_ = payload_left_ > 0 ? Part::payload : Part::first_byte;
        break;
      case Part::payload: {
        const auto rest = std::min<std::uint64_t>(payload_left_, bytes.size() - at);
        payload_left_ -= rest;
        at += rest - 1;
        if (payload_left_ == 0) part_ = Part::first_byte;
        break;
      }
    }
  }
}

}  // namespace tradelake::feed
