// JSON text, written as it is produced: metadata.json is written on every commit, so no tree is
// built for it.
//
// Threads: one at a time. Invariant: what comes out is valid UTF-8; ill-formed bytes of a string
// become U+FFFD.
// Does not: check that keys and values alternate.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tradelake::iceberg {

class JsonWriter {
 public:
  JsonWriter& open_object() { return open('{'); }
  JsonWriter& close_object() { return close('}'); }
  JsonWriter& open_array() { return open('['); }
  JsonWriter& close_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  // JSON text as it is.
  JsonWriter& raw(std::string_view json);

  // Shorthands for members of an object.
  JsonWriter& member(std::string_view name, std::string_view text) {
    return key(name).string(text);
  }
  JsonWriter& member(std::string_view name, std::int64_t number) {
    return key(name).integer(number);
  }

  std::string take() && { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void quote(std::string_view text);
  std::size_t quote_special(std::string_view text);  // the bytes it took

  std::string out_;
  bool need_comma_ = false;
};

}  // namespace tradelake::iceberg
