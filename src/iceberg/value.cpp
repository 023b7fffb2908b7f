#include "iceberg/value.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "iceberg/utf8.h"

namespace tradelake::iceberg {
namespace {

static_assert(std::endian::native == std::endian::little, "bounds are copied as little-endian");

template <class T>
std::string little_endian(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

template <class T>
T from_little_endian(std::string_view bytes) {
  T number;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

// The next scalar value after a code point; nothing after the last one. UTF-16's surrogates are no
// characters and are stepped over.
std::optional<char32_t> next_code_point(char32_t code_point) {
  if (code_point >= 0x10FFFF) return std::nullopt;
  if (code_point == 0xD7FF) return 0xE000;
  return code_point + 1;
}

std::optional<std::string> increment_text(std::string_view text) {
  // Starts of the code points, so that the carry can walk to the left.
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size();) {
    starts.push_back(at);
    const auto next = front_code_point(text.substr(at));
    at += next ? next->bytes : 1;
  }
  while (!starts.empty()) {
    const auto start = starts.back();
    starts.pop_back();
    const auto last = front_code_point(text.substr(start));
    const auto next = last ? next_code_point(last->value) : std::nullopt;
    if (!next) continue;
    std::string result(text.substr(0, start));
    append_code_point(result, *next);
    return result;
  }
  return std::nullopt;
}

std::optional<std::string> increment_bytes(std::string_view bytes) {
  std::string result(bytes);
  while (!result.empty()) {
    const auto last = static_cast<unsigned char>(result.back());
    if (last < 0xFF) {
      result.back() = static_cast<char>(last + 1);
      return result;
    }
    result.pop_back();
  }
  return std::nullopt;
}

}  // namespace

std::strong_ordering compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() <=> b.index();
  return std::visit(
      [&b](const auto& left) -> std::strong_ordering {
        using T = std::decay_t<decltype(left)>;
        const auto& right = std::get<T>(b);
        if constexpr (std::is_floating_point_v<T>) {
          return std::strong_order(left, right);  // IEEE total order: -0.0 before +0.0
        } else if constexpr (std::is_same_v<T, std::string>) {
          return left.compare(right) <=> 0;  // char_traits<char> compares as unsigned bytes
        } else {
          return left <=> right;
        }
      },
      a);
}

std::string decimal_bytes(int128_t unscaled) {
  std::string bytes;
  // Big-endian two's complement without the leading bytes that only repeat the sign.
  int shift = 120;
  while (shift > 0) {
    const auto top = unscaled >> (shift - 1);  // the bits down to the next byte's sign bit
    if (top != 0 && top != -1) break;
    shift -= 8;
  }
  for (; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(unscaled >> shift));
  return bytes;
}

Result<int128_t> decimal_from_bytes(std::string_view bytes) {
  if (bytes.empty()) return make_error(Errc::corrupt, "a decimal of 0 bytes; 1 to 16 are allowed");
  const bool negative = (static_cast<unsigned char>(bytes[0]) & 0x80) != 0;
  while (bytes.size() > 16) {
    const auto extension = static_cast<char>(negative ? 0xFF : 0x00);
    if (bytes[0] != extension) {
      return make_error(Errc::corrupt, "a decimal of {} bytes does not fit 128 bits", bytes.size());
    }
    bytes.remove_prefix(1);
  }
  uint128_t value = negative ? ~uint128_t{0} : uint128_t{0};
  for (const char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
  if (((static_cast<int128_t>(value)) < 0) != negative) {
    return make_error(Errc::corrupt, "a decimal does not fit 128 bits");
  }
  return static_cast<int128_t>(value);
}

std::string to_bytes(const Type& type, const Value& value) {
  return std::visit(
      [&type](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>) {
          return std::string(1, v ? '\1' : '\0');
        } else if constexpr (std::is_same_v<T, int128_t>) {
          return decimal_bytes(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return v;
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
          // A literal of a narrower type in a promoted column is written in the column's width.
          if (type.kind == TypeKind::int64) return little_endian(std::int64_t{v});
          return little_endian(v);
        } else {
          return little_endian(v);
        }
      },
      value);
}

Result<Value> from_bytes(const Type& type, std::string_view bytes) {
  const auto wrong_size = [&](std::string_view allowed) {
    return make_error(Errc::corrupt, "a bound of type {} has {} bytes; {} are allowed",
                      to_string(type), bytes.size(), allowed);
  };
  switch (type.kind) {
    case TypeKind::boolean:
      if (bytes.size() != 1) return wrong_size("1");
      return Value{bytes[0] != 0};
    case TypeKind::int32:
    case TypeKind::date:
      if (bytes.size() != 4) return wrong_size("4");
      return Value{from_little_endian<std::int32_t>(bytes)};
    case TypeKind::int64:
      if (bytes.size() == 4) return Value{std::int64_t{from_little_endian<std::int32_t>(bytes)}};
      if (bytes.size() != 8) return wrong_size("8 (or 4, from before a promotion)");
      return Value{from_little_endian<std::int64_t>(bytes)};
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      if (bytes.size() != 8) return wrong_size("8");
      return Value{from_little_endian<std::int64_t>(bytes)};
    case TypeKind::float32:
      if (bytes.size() != 4) return wrong_size("4");
      return Value{from_little_endian<float>(bytes)};
    case TypeKind::float64:
      if (bytes.size() == 4) return Value{double{from_little_endian<float>(bytes)}};
      if (bytes.size() != 8) return wrong_size("8 (or 4, from before a promotion)");
      return Value{from_little_endian<double>(bytes)};
    case TypeKind::decimal: {
      TL_ASSIGN(const auto unscaled, decimal_from_bytes(bytes));
      return Value{unscaled};
    }
    case TypeKind::uuid:
      if (bytes.size() != 16) return wrong_size("16");
      return Value{std::string(bytes)};
    case TypeKind::string:
    case TypeKind::fixed:
    case TypeKind::binary:
      return Value{std::string(bytes)};
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
      break;
  }
  return make_error(Errc::unsupported, "a {} has no bounds", to_string(type));
}

std::string truncate_lower(const Type& type, std::string_view text, std::size_t width) {
  const auto kept =
      type.kind == TypeKind::string ? code_point_prefix(text, width) : std::min(width, text.size());
  return std::string(text.substr(0, kept));
}

std::optional<std::string> truncate_upper(const Type& type, std::string_view text,
                                          std::size_t width) {
  auto prefix = truncate_lower(type, text, width);
  if (prefix.size() == text.size()) return prefix;
  return type.kind == TypeKind::string ? increment_text(prefix) : increment_bytes(prefix);
}

}  // namespace tradelake::iceberg
