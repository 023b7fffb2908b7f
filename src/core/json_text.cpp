#include "core/json_text.h"

#include <vector>

namespace tradelake {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  std::size_t value_end() {
    std::vector<bool> in_object;  // one per open container
    while (true) {
      // Here a value must start.
      skip_space();
      if (at_ >= text_.size()) return not_json;
      const char c = text_[at_];
      if (c == '{' || c == '[') {
        ++at_;
        in_object.push_back(c == '{');
        skip_space();
        if (take(c == '{' ? '}' : ']')) {
          in_object.pop_back();
        } else {
          if (c == '{' && !key()) return not_json;
          continue;
        }
      } else if (!scalar(c)) {
        return not_json;
      }
      // A value has ended: close what ends with it, then take the comma before the next one.
      while (true) {
        if (in_object.empty()) return at_;
        skip_space();
        if (take(',')) {
          if (in_object.back() && !key()) return not_json;
          break;
        }
        if (!take(in_object.back() ? '}' : ']')) return not_json;
        in_object.pop_back();
      }
    }
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  std::size_t position() const { return at_; }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > start;
  }
  bool key() {
    skip_space();
    if (!string()) return false;
    skip_space();
    return take(':');
  }
  bool scalar(char c) {
    switch (c) {
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool escape() {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    if (c == 'u') {
      for (int i = 0; i < 4; ++i, ++at_) {
        if (at_ >= text_.size() || !is_hex(text_[at_])) return false;
      }
      return true;
    }
    return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace

std::size_t json_value_end(std::string_view text, std::size_t from) {
  return Scanner(text, from).value_end();
}

bool is_json(std::string_view text) {
  Scanner scanner(text, 0);
  if (scanner.value_end() == not_json) return false;
  scanner.skip_space();
  return scanner.position() == text.size();
}

bool is_json_number(std::string_view token) {
  Scanner scanner(token, 0);
  return scanner.number() && scanner.position() == token.size();
}

}  // namespace tradelake
