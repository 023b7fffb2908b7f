#include "iceberg/json_writer.h"

#include <fmt/format.h>

#include "iceberg/utf8.h"

namespace tradelake::iceberg {

void JsonWriter::separate() {
  if (need_comma_) out_.push_back(',');
  need_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_.push_back(':');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  separate();
  const fmt::format_int digits(number);
  out_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

void JsonWriter::quote(std::string_view text) {
  out_.push_back('"');
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      ++at;
      if (c == '"' || c == '\\') {
        out_.push_back('\\');
        out_.push_back(c);
      } else if (byte < 0x20) {
        out_ += fmt::format("\\u{:04x}", byte);
      } else {
        out_.push_back(c);
      }
    } else if (const auto next = front_code_point(text.substr(at))) {
      out_.append(text.substr(at, next->bytes));
      at += next->bytes;
    } else {
      append_code_point(out_, 0xFFFD);
      ++at;
    }
  }
  out_.push_back('"');
}

}  // namespace tradelake::iceberg
