#include "iceberg/value_text.h"

#include <charconv>

#include "iceberg/calendar.h"

namespace tradelake::iceberg {
namespace {

std::string time_text(std::int64_t us_of_day) {
  const auto seconds = us_of_day / us_per_second;
  auto text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto us = us_of_day % us_per_second; us != 0) text += fmt::format(".{:06}", us);
  return text;
}

std::string uuid_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

// Digits only, all of them.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// "2024-08-08" as days since the epoch.
std::optional<std::int64_t> parse_date(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (text.size() != 10 || !year || !month || !day || text[4] != '-' || text[7] != '-')
    return std::nullopt;
  const auto days = days_from_civil({*year, *month, *day});
  const auto date = civil_from_days(days);  // the 31st of June is another day
  if (date.month != *month || date.day != *day) return std::nullopt;
  return days;
}

// "23:54:15.342", seconds and fraction optional.
std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
  const auto hour = digits(text, 0, 2), minute = digits(text, 3, 2);
  if (text.size() < 5 || !hour || !minute || text[2] != ':' || *hour > 23 || *minute > 59)
    return std::nullopt;
  std::int64_t us = *hour * us_per_hour + *minute * us_per_minute;
  if (text.size() == 5) return us;
  const auto second = digits(text, 6, 2);
  if (text[5] != ':' || !second || *second > 59) return std::nullopt;
  us += *second * us_per_second;
  if (text.size() == 8) return us;
  const auto fraction = text.substr(9);
  if (text[8] != '.' || fraction.empty() || fraction.size() > 6) return std::nullopt;
  auto number = digits(fraction, 0, fraction.size());
  if (!number) return std::nullopt;
  for (auto places = fraction.size(); places < 6; ++places) *number *= 10;
  return us + *number;
}

template <class T>
std::optional<Value> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number != number)
    return std::nullopt;
  return Value{number};
}

std::optional<Value> parse_decimal_value(const Type& type, std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto dot = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, dot);
  auto fraction = dot < text.size() ? text.substr(dot + 1) : std::string_view();
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (whole.empty() || fraction.size() > static_cast<std::size_t>(type.scale)) return std::nullopt;
  int128_t unscaled = 0;
  int count = 0;
  const auto take = [&](char c) {
    if (c < '0' || c > '9') return false;
    unscaled = unscaled * 10 + (c - '0');
    if (unscaled != 0) ++count;
    return count <= type.precision;
  };
  for (const char c : whole) {
    if (!take(c)) return std::nullopt;
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(type.scale); ++i) {
    if (!take(i < fraction.size() ? fraction[i] : '0')) return std::nullopt;
  }
  return Value{negative ? -unscaled : unscaled};
}

template <class T>
std::optional<Value> as_value(std::optional<std::int64_t> number) {
  if (!number) return std::nullopt;
  return Value{static_cast<T>(*number)};
}

std::optional<Value> parse(const Type& type, std::string_view text) {
  switch (type.kind) {
    case TypeKind::boolean:
      if (text == "true" || text == "false") return Value{text == "true"};
      return std::nullopt;
    case TypeKind::int32:
      return parse_number<std::int32_t>(text);
    case TypeKind::int64:
      return parse_number<std::int64_t>(text);
    case TypeKind::float32:
      return parse_number<float>(text);
    case TypeKind::float64:
      return parse_number<double>(text);
    case TypeKind::decimal:
      return parse_decimal_value(type, text);
    case TypeKind::date:
      return as_value<std::int32_t>(parse_date(text));
    case TypeKind::time:
      return as_value<std::int64_t>(parse_time_of_day(text));
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return as_value<std::int64_t>(parse_timestamp_us(text));
    case TypeKind::string:
      return Value{std::string(text)};
    default:
      return std::nullopt;
  }
}

std::string_view allowed_for(TypeKind kind) {
  switch (kind) {
    case TypeKind::boolean:
      return "true or false";
    case TypeKind::date:
      return "2024-08-08";
    case TypeKind::time:
      return "23:54:15.342";
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return "2024-08-08T23:54:15.342Z (UTC), or milliseconds since 1970";
    case TypeKind::uuid:
    case TypeKind::fixed:
    case TypeKind::binary:
    case TypeKind::structure:
    case TypeKind::list:
    case TypeKind::map:
      return "is null and is not null";
    default:
      return "a number that fits the type";
  }
}

}  // namespace

std::string base64(std::string_view bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto take = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (j < take ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out.push_back(j <= take ? digits[(group >> (18 - 6 * j)) & 63] : '=');
    }
  }
  return out;
}

std::string date_text(std::int64_t days) {
  const auto date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string timestamp_text(std::int64_t us) {
  const auto days = floor_div(us, us_per_day);
  return date_text(days) + "T" + time_text(us - days * us_per_day);
}

std::string decimal_text(int128_t unscaled, std::int32_t scale) {
  const bool negative = unscaled < 0;
  auto rest = negative ? -static_cast<uint128_t>(unscaled) : static_cast<uint128_t>(unscaled);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (scale > 0) {
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  return negative ? "-" + digits : digits;
}

std::string value_text(const Type& type, const Value& value) {
  return std::visit(
      [&type](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        const auto kind = type.kind;
        if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
          return kind == TypeKind::date ? date_text(v) : fmt::format("{}", v);
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          if (kind == TypeKind::time) return time_text(v);
          if (kind == TypeKind::timestamp) return timestamp_text(v);
          if (kind == TypeKind::timestamptz) return timestamp_text(v) + "+00:00";
          return fmt::format("{}", v);
        } else if constexpr (std::is_same_v<T, int128_t>) {
          return decimal_text(v, type.scale);
        } else if constexpr (std::is_same_v<T, std::string>) {
          if (kind == TypeKind::uuid) return uuid_text(v);
          if (kind == TypeKind::fixed || kind == TypeKind::binary) return base64(v);
          return v;
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

std::optional<std::int64_t> parse_timestamp_us(std::string_view text) {
  if (const auto ms = parse_number<std::int64_t>(text))
    return std::get<std::int64_t>(*ms) * us_per_ms;
  const auto days = parse_date(text.substr(0, std::min<std::size_t>(10, text.size())));
  if (!days) return std::nullopt;
  if (text.size() == 10) return *days * us_per_day;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  auto rest = text.substr(11);
  for (const std::string_view zone : {"Z", "z", "+00:00"}) {
    if (!rest.ends_with(zone)) continue;
    rest.remove_suffix(zone.size());
    break;
  }
  const auto time = parse_time_of_day(rest);
  if (!time) return std::nullopt;
  return *days * us_per_day + *time;
}

Result<Value> parse_value(const Type& type, std::string_view text) {
  if (auto value = parse(type, text)) return *std::move(value);
  return make_error(Errc::invalid_argument, "'{}' is no value of type {}; allowed: {}", text,
                    to_string(type), allowed_for(type.kind));
}

}  // namespace tradelake::iceberg
