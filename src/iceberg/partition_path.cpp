// Partition folders as Java names them: only names for people; readers take the manifest's values.
#include <cctype>

#include "iceberg/calendar.h"
#include "iceberg/partition.h"

namespace tradelake::iceberg {
namespace {

// java.net.URLEncoder.
std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '*' || c == '_') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

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

std::string time_text(std::int64_t us_of_day) {
  const auto seconds = us_of_day / us_per_second;
  auto text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto us = us_of_day % us_per_second; us != 0) text += fmt::format(".{:06}", us);
  return text;
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

std::string uuid_text(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

std::string plain_text(const Type* type, const Value& value) {
  return std::visit(
      [type](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        const auto kind = type ? type->kind : TypeKind::string;
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
          return decimal_text(v, type ? type->scale : 0);
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

std::string human_text(const Transform& transform, const Type* source, const Value& value) {
  if (const auto* number = std::get_if<std::int32_t>(&value)) {
    switch (transform.kind) {
      case Transform::Kind::year:
        return fmt::format("{:04}", std::int64_t{*number} + 1970);
      case Transform::Kind::month: {
        const auto year = floor_div(*number, 12);
        return fmt::format("{:04}-{:02}", year + 1970, *number - year * 12 + 1);
      }
      case Transform::Kind::day:
        return date_text(*number);
      case Transform::Kind::hour: {
        const auto day = floor_div(*number, 24);
        return fmt::format("{}-{:02}", date_text(day), *number - day * 24);
      }
      case Transform::Kind::bucket:
        return fmt::format("{}", *number);
      default:
        break;
    }
  }
  return plain_text(source, value);
}

}  // namespace

std::string partition_path(const Schema& schema, const PartitionSpec& spec,
                           const PartitionTuple& tuple) {
  std::string path;
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    const auto& field = spec.fields[i];
    const auto* source = schema.find(field.source_id);
    std::string text = "null";
    if (i < tuple.size() && tuple[i]) {
      text = human_text(field.transform, source ? source->type.get() : nullptr, *tuple[i]);
    }
    if (!path.empty()) path.push_back('/');
    path += url_encoded(field.name) + "=" + url_encoded(text);
  }
  return path;
}

}  // namespace tradelake::iceberg
