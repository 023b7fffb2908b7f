// The types of Kafka's protocol, in the encodings of its flexible versions: written to a string,
// taken off the front of one.
//
// Threads: values. Invariant: reading goes nowhere beyond the bytes, whatever they are. Does not:
// know messages. Internal to src/log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace tradelake::log {

inline constexpr std::string_view kafka_client_id = "tradelake";

template <class T>
void put_int(std::string& out, T value) {
  const auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t shift = 8 * sizeof(T); shift > 0; shift -= 8)
    out += static_cast<char>(bits >> (shift - 8) & 0xff);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  out += static_cast<char>(value);
}

// What a request of a flexible version begins with.
inline void put_request_header(std::string& out, std::int16_t key, std::int16_t version,
                               std::int32_t correlation_id) {
  put_int(out, key);
  put_int(out, version);
  put_int(out, correlation_id);
  put_int(out, static_cast<std::int16_t>(kafka_client_id.size()));
  out += kafka_client_id;
  put_varint(out, 0);  // tags
}

// Takes values off the front; after the first that does not fit, everything is zero and failed().
class KafkaInput {
 public:
  explicit KafkaInput(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T integer() {
    std::make_unsigned_t<T> value = 0;
    for (const char c : bytes(sizeof(T)))
      value = static_cast<decltype(value)>(value << 8 | static_cast<unsigned char>(c));
    return static_cast<T>(value);
  }
  std::uint32_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const auto byte = static_cast<unsigned char>(integer<std::int8_t>());
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value <= UINT32_MAX ? static_cast<std::uint32_t>(value) : fail();
    }
    return fail();
  }
  std::string_view bytes(std::size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  // Lengths are stored plus one; 0 is null.
  std::string_view compact_string() {
    const auto size = varint();
    return size == 0 ? std::string_view() : bytes(size - 1);
  }
  // An element takes a byte at least, so a count beyond the rest is a lie.
  std::uint32_t compact_count() {
    const auto size = varint();
    if (size == 0) return 0;
    return size - 1 <= rest_.size() ? size - 1 : fail();
  }
  void skip_int32s() { bytes(std::size_t{4} * compact_count()); }
  void skip_tags() {
    for (auto left = varint(); left > 0 && !failed_; --left) {
      varint();
      bytes(varint());
    }
  }
  bool failed() const { return failed_; }

 private:
  std::uint32_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace tradelake::log
