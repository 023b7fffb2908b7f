#include "iceberg/partition.h"

#include <algorithm>
#include <charconv>

#include "iceberg/calendar.h"
#include "iceberg/murmur3.h"
#include "iceberg/utf8.h"

namespace tradelake::iceberg {
namespace {

std::optional<std::int32_t> parameter_of(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || !text.ends_with(']')) return std::nullopt;
  text.remove_prefix(name.size());
  text.remove_suffix(1);
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

bool is_timestamp(TypeKind kind) {
  return kind == TypeKind::timestamp || kind == TypeKind::timestamptz;
}

// Days since the epoch of a date or timestamp, floored.
std::optional<std::int64_t> days_of(const Type& source, const Value& value) {
  if (source.kind == TypeKind::date) {
    if (const auto* days = std::get_if<std::int32_t>(&value)) return *days;
  } else if (is_timestamp(source.kind)) {
    if (const auto* us = std::get_if<std::int64_t>(&value)) return floor_div(*us, us_per_day);
  }
  return std::nullopt;
}

Value as_int(std::int64_t number) {
  return Value{static_cast<std::int32_t>(number)};
}

// What «Appendix B» hashes: integers and dates of either width as 8-byte longs, so that a promoted
// column keeps its buckets.
std::optional<std::string> hash_input(const Type& source, const Value& value) {
  if (source.kind == TypeKind::boolean) return std::nullopt;
  if (const auto* narrow = std::get_if<std::int32_t>(&value)) {
    return to_bytes(*primitive(TypeKind::int64), Value{std::int64_t{*narrow}});
  }
  if (std::holds_alternative<float>(value) || std::holds_alternative<double>(value)) {
    return std::nullopt;
  }
  return to_bytes(source, value);
}

template <class Int, class Unsigned>
Int truncate_number(Int number, std::int32_t width) {
  // The remainder is positive, so negative numbers go down; the lowest ones wrap as in Java.
  const auto remainder = ((number % width) + width) % width;
  return static_cast<Int>(static_cast<Unsigned>(number) - static_cast<Unsigned>(remainder));
}

std::optional<Value> truncate_value(const Type& source, const Value& value, std::int32_t width) {
  if (const auto* number = std::get_if<std::int32_t>(&value)) {
    if (source.kind != TypeKind::int32) return std::nullopt;
    return Value{
        static_cast<std::int32_t>(truncate_number<std::int64_t, std::uint64_t>(*number, width))};
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (source.kind != TypeKind::int64) return std::nullopt;
    return Value{truncate_number<std::int64_t, std::uint64_t>(*number, width)};
  }
  if (const auto* number = std::get_if<int128_t>(&value)) {
    return Value{truncate_number<int128_t, uint128_t>(*number, width)};
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (source.kind != TypeKind::string && source.kind != TypeKind::binary) return std::nullopt;
    return Value{truncate_lower(source, *text, static_cast<std::size_t>(width))};
  }
  return std::nullopt;
}

}  // namespace

Transform parse_transform(std::string_view text) {
  using Kind = Transform::Kind;
  Transform transform{.kind = Kind::unknown, .parameter = 0, .text = std::string(text)};
  if (text == "identity") {
    transform.kind = Kind::identity;
  } else if (text == "year") {
    transform.kind = Kind::year;
  } else if (text == "month") {
    transform.kind = Kind::month;
  } else if (text == "day") {
    transform.kind = Kind::day;
  } else if (text == "hour") {
    transform.kind = Kind::hour;
  } else if (text == "void") {
    transform.kind = Kind::void_;
  } else if (const auto buckets = parameter_of(text, "bucket[")) {
    transform.kind = Kind::bucket;
    transform.parameter = *buckets;
  } else if (const auto width = parameter_of(text, "truncate[")) {
    transform.kind = Kind::truncate;
    transform.parameter = *width;
  }
  return transform;
}

std::string to_string(const Transform& transform) {
  switch (transform.kind) {
    case Transform::Kind::identity:
      return "identity";
    case Transform::Kind::bucket:
      return fmt::format("bucket[{}]", transform.parameter);
    case Transform::Kind::truncate:
      return fmt::format("truncate[{}]", transform.parameter);
    case Transform::Kind::year:
      return "year";
    case Transform::Kind::month:
      return "month";
    case Transform::Kind::day:
      return "day";
    case Transform::Kind::hour:
      return "hour";
    case Transform::Kind::void_:
      return "void";
    case Transform::Kind::unknown:
      break;
  }
  return transform.text;
}

TypePtr result_type(const Transform& transform, const TypePtr& source) {
  switch (transform.kind) {
    case Transform::Kind::identity:
    case Transform::Kind::truncate:
    case Transform::Kind::void_:
      return source;
    case Transform::Kind::bucket:
    case Transform::Kind::year:
    case Transform::Kind::month:
    case Transform::Kind::hour:
      return primitive(TypeKind::int32);
    case Transform::Kind::day:
      return primitive(TypeKind::date);
    case Transform::Kind::unknown:
      break;
  }
  return primitive(TypeKind::string);
}

std::optional<Value> apply(const Transform& transform, const Type& source, const Value& value) {
  switch (transform.kind) {
    case Transform::Kind::identity:
      return value;
    case Transform::Kind::bucket: {
      const auto input = hash_input(source, value);
      if (!input) return std::nullopt;
      return Value{(murmur3_32(*input) & 0x7FFFFFFF) % transform.parameter};
    }
    case Transform::Kind::truncate:
      return truncate_value(source, value, transform.parameter);
    case Transform::Kind::year:
      if (const auto days = days_of(source, value)) {
        return as_int(civil_from_days(*days).year - 1970);
      }
      return std::nullopt;
    case Transform::Kind::month:
      if (const auto days = days_of(source, value)) {
        const auto date = civil_from_days(*days);
        return as_int((date.year - 1970) * 12 + date.month - 1);
      }
      return std::nullopt;
    case Transform::Kind::day:
      if (const auto days = days_of(source, value)) return as_int(*days);
      return std::nullopt;
    case Transform::Kind::hour:
      if (const auto* us = std::get_if<std::int64_t>(&value); us && is_timestamp(source.kind)) {
        return as_int(floor_div(*us, us_per_hour));
      }
      return std::nullopt;
    case Transform::Kind::void_:
    case Transform::Kind::unknown:
      break;
  }
  return std::nullopt;
}

bool is_unpartitioned(const PartitionSpec& spec) {
  return std::ranges::all_of(spec.fields, [](const PartitionField& field) {
    return field.transform.kind == Transform::Kind::void_;
  });
}

bool PartitionValueLess::operator()(const std::optional<Value>& a,
                                    const std::optional<Value>& b) const {
  if (!a || !b) return !a && b;
  return compare(*a, *b) < 0;
}

bool PartitionTupleLess::operator()(const PartitionTuple& a, const PartitionTuple& b) const {
  return std::ranges::lexicographical_compare(a, b, PartitionValueLess{});
}

std::string partition_key(SpecId spec, const PartitionTuple& tuple) {
  auto key = fmt::format("{}", spec.value);
  for (const auto& value : tuple) {
    key += '/';
    if (!value) continue;
    // The alternative's width stands in for the type: within one spec there is but one.
    const auto bytes = to_bytes(*primitive(TypeKind::binary), *value);
    key += fmt::format("{}:", bytes.size());
    key += bytes;
  }
  return key;
}

}  // namespace tradelake::iceberg
