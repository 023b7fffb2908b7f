#include "iceberg/json_writer.h"

#include <fmt/format.h>

#include "iceberg/utf8.h"

namespace tradelake::iceberg {
namespace {

bool is_plain(char c) {
  return c >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

}  // namespace

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
  while (!text.empty()) {
    // Most text is plain: it is copied in runs.
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(quote_special(text));
  }
  out_.push_back('"');
}

std::size_t JsonWriter::quote_special(std::string_view text) {
  const char c = text[0];
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out_.push_back('\\');
    out_.push_back(c);
  } else if (byte < 0x20) {
    out_ += fmt::format("\\u{:04x}", byte);
  } else if (const auto next = front_code_point(text)) {
    out_.append(text.substr(0, next->bytes));
    return next->bytes;
  } else {
    append_code_point(out_, 0xFFFD);
  }
  return 1;
}

}  // namespace tradelake::iceberg
