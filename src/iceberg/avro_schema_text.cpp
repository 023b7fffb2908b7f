#include "iceberg/avro_schema_text.h"

#include <cctype>

#include <fmt/format.h>

#include "core/int128.h"
#include "iceberg/json_writer.h"

namespace tradelake::iceberg {
namespace {

std::string quoted(std::string_view text) {
  JsonWriter json;
  json.string(text);
  return std::move(json).take();
}

// Java's AvroSchemaUtil.sanitize: what Avro forbids becomes _x and its hexadecimal code; a digit in
// front gets an underscore.
std::string avro_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte) != 0 || c == '_' || (std::isdigit(byte) != 0 && !out.empty())) {
      out.push_back(c);
    } else if (std::isdigit(byte) != 0) {
      out.push_back('_');
      out.push_back(c);
    } else {
      out += fmt::format("_x{:X}", byte);
    }
  }
  return out;
}

std::string fixed(std::string name, std::string_view suffix, int size, std::string_view rest,
                  std::set<std::string>& used_names) {
  if (!used_names.insert(name).second) {
    name += suffix;
    used_names.insert(name);
  }
  return fmt::format(R"({{"type":"fixed","name":"{}","size":{}{}}})", name, size, rest);
}

std::string partition_type(const Type& type, FieldId id, std::set<std::string>& used_names) {
  const auto suffix = fmt::format("_{}", id.value);
  switch (type.kind) {
    case TypeKind::boolean:
      return R"("boolean")";
    case TypeKind::int32:
      return R"("int")";
    case TypeKind::int64:
      return R"("long")";
    case TypeKind::float32:
      return R"("float")";
    case TypeKind::float64:
      return R"("double")";
    case TypeKind::date:
      return R"({"type":"int","logicalType":"date"})";
    case TypeKind::time:
      return R"({"type":"long","logicalType":"time-micros"})";
    case TypeKind::timestamp:
      return R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":false})";
    case TypeKind::timestamptz:
      return R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true})";
    case TypeKind::uuid:
      return fixed("uuid_fixed", suffix, 16, R"(,"logicalType":"uuid")", used_names);
    case TypeKind::fixed:
      return fixed(fmt::format("fixed_{}", type.length), suffix, type.length, "", used_names);
    case TypeKind::decimal:
      return fixed(fmt::format("decimal_{}_{}", type.precision, type.scale), suffix,
                   decimal_width(type.precision),
                   fmt::format(R"(,"logicalType":"decimal","precision":{},"scale":{})",
                               type.precision, type.scale),
                   used_names);
    case TypeKind::string:
      return R"("string")";
    default:
      return R"("bytes")";
  }
}

}  // namespace

std::string avro_record(std::string_view name, const std::vector<std::string>& fields) {
  return fmt::format(R"({{"type":"record","name":"{}","fields":[{}]}})", name,
                     fmt::join(fields, ","));
}

std::string avro_list(int element_id, std::string_view element_type) {
  return fmt::format(R"({{"type":"array","items":{},"element-id":{}}})", element_type, element_id);
}

std::string avro_int_map(int key_id, int value_id, std::string_view value_type) {
  const auto pair = avro_record(
      fmt::format("k{}_v{}", key_id, value_id),
      {avro_required("key", key_id, R"("int")"), avro_required("value", value_id, value_type)});
  return fmt::format(R"({{"type":"array","items":{},"logicalType":"map"}})", pair);
}

std::string avro_required(std::string_view name, int id, std::string_view type) {
  return fmt::format(R"({{"name":"{}","type":{},"field-id":{}}})", name, type, id);
}

std::string avro_optional(std::string_view name, int id, std::string_view type) {
  return fmt::format(R"({{"name":"{}","type":["null",{}],"default":null,"field-id":{}}})", name,
                     type, id);
}

std::string avro_partition_field(std::string_view name, FieldId id, const Type& type,
                                 std::set<std::string>& used_names) {
  const auto allowed = avro_name(name);
  auto field = avro_optional(allowed, id.value, partition_type(type, id, used_names));
  if (allowed != name) {
    field.pop_back();
    field += fmt::format(R"(,"iceberg-field-name":{}}})", quoted(name));
  }
  return field;
}

int decimal_width(int precision) {
  uint128_t largest = 1;
  for (int i = 0; i < precision; ++i) largest *= 10;
  int bits = 1;  // the sign
  for (largest -= 1; largest != 0; largest >>= 1) ++bits;
  return (bits + 7) / 8;
}

}  // namespace tradelake::iceberg
