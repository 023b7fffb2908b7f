#include "iceberg/type.h"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace tradelake::iceberg {

bool operator==(const NestedField& a, const NestedField& b) {
  if (a.id != b.id || a.name != b.name || a.required != b.required || a.doc != b.doc) return false;
  if (a.type == b.type) return true;
  return a.type && b.type && *a.type == *b.type;
}

bool operator==(const Type& a, const Type& b) {
  return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale &&
         a.length == b.length && a.fields == b.fields;
}

TypePtr primitive(TypeKind kind) {
  // One shared instance per kind: schemas are compared and copied often.
  static const auto types = [] {
    std::array<TypePtr, static_cast<std::size_t>(TypeKind::map) + 1> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = std::make_shared<const Type>(Type{.kind = static_cast<TypeKind>(i), .fields = {}});
    }
    return all;
  }();
  return types[static_cast<std::size_t>(kind)];
}

TypePtr decimal_type(std::int32_t precision, std::int32_t scale) {
  return std::make_shared<const Type>(
      Type{.kind = TypeKind::decimal, .precision = precision, .scale = scale, .fields = {}});
}

TypePtr fixed_type(std::int32_t length) {
  return std::make_shared<const Type>(
      Type{.kind = TypeKind::fixed, .length = length, .fields = {}});
}

TypePtr struct_type(std::vector<NestedField> fields) {
  return std::make_shared<const Type>(
      Type{.kind = TypeKind::structure, .fields = std::move(fields)});
}

TypePtr list_type(NestedField element) {
  element.name = "element";
  return std::make_shared<const Type>(Type{.kind = TypeKind::list, .fields = {std::move(element)}});
}

TypePtr map_type(NestedField key, NestedField value) {
  key.name = "key";
  key.required = true;
  value.name = "value";
  return std::make_shared<const Type>(
      Type{.kind = TypeKind::map, .fields = {std::move(key), std::move(value)}});
}

std::string to_string(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean:
      return "boolean";
    case TypeKind::int32:
      return "int";
    case TypeKind::int64:
      return "long";
    case TypeKind::float32:
      return "float";
    case TypeKind::float64:
      return "double";
    case TypeKind::decimal:
      return fmt::format("decimal({}, {})", type.precision, type.scale);
    case TypeKind::date:
      return "date";
    case TypeKind::time:
      return "time";
    case TypeKind::timestamp:
      return "timestamp";
    case TypeKind::timestamptz:
      return "timestamptz";
    case TypeKind::string:
      return "string";
    case TypeKind::uuid:
      return "uuid";
    case TypeKind::fixed:
      return fmt::format("fixed[{}]", type.length);
    case TypeKind::binary:
      return "binary";
    case TypeKind::structure:
      return "struct";
    case TypeKind::list:
      return "list";
    case TypeKind::map:
      return "map";
  }
  return "unknown";
}

}  // namespace tradelake::iceberg
