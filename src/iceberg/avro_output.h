// Avro's binary encoding, appended to a string.
//
// Threads: one at a time. Does not: check against a schema; manifest_avro.cpp writes both.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tradelake::iceberg {

class AvroOutput {
 public:
  void boolean(bool value) { bytes_.push_back(value ? '\1' : '\0'); }

  void integer(std::int64_t value) {  // int and long
    auto rest = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    for (; rest >= 0x80; rest >>= 7) bytes_.push_back(static_cast<char>(rest | 0x80));
    bytes_.push_back(static_cast<char>(rest));
  }

  template <class Float>
  void floating(Float value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof value);
  }

  void sized(std::string_view text) {  // bytes and string
    integer(static_cast<std::int64_t>(text.size()));
    bytes_ += text;
  }

  void raw(std::string_view bytes) { bytes_ += bytes; }

  // The branch of ["null", T].
  void null() { integer(0); }
  void present() { integer(1); }

  void optional_integer(std::optional<std::int64_t> value) {
    if (!value) return null();
    present();
    integer(*value);
  }

  // An array or map as one block: begin with the count, end with end_items().
  void begin_items(std::size_t count) {
    if (count > 0) integer(static_cast<std::int64_t>(count));
  }
  void end_items() { integer(0); }

  std::size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

}  // namespace tradelake::iceberg
