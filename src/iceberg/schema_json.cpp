#include "iceberg/schema_json.h"

#include <charconv>
#include <utility>

#include "iceberg/json_access.h"
#include "iceberg/type_text.h"

namespace tradelake::iceberg {
namespace {

// Deeper schemas than anybody's; keeps hostile ones off the stack.
constexpr int kMaxDepth = 64;

void write_type(JsonWriter& json, const Type& type);

void write_field(JsonWriter& json, const NestedField& field) {
  json.open_object();
  json.member("id", field.id.value).member("name", field.name);
  json.key("required").boolean(field.required);
  json.key("type");
  write_type(json, *field.type);
  if (!field.doc.empty()) json.member("doc", field.doc);
  json.close_object();
}

void write_type(JsonWriter& json, const Type& type) {
  switch (type.kind) {
    case TypeKind::structure:
      json.open_object().member("type", "struct").key("fields").open_array();
      for (const auto& field : type.fields) write_field(json, field);
      json.close_array().close_object();
      return;
    case TypeKind::list: {
      const auto& element = type.fields[0];
      json.open_object().member("type", "list").member("element-id", element.id.value);
      json.key("element-required").boolean(element.required).key("element");
      write_type(json, *element.type);
      json.close_object();
      return;
    }
    case TypeKind::map: {
      const auto& key = type.fields[0];
      const auto& value = type.fields[1];
      json.open_object().member("type", "map").member("key-id", key.id.value).key("key");
      write_type(json, *key.type);
      json.member("value-id", value.id.value);
      json.key("value-required").boolean(value.required).key("value");
      write_type(json, *value.type);
      json.close_object();
      return;
    }
    default:
      json.string(to_string(type));
  }
}

// Takes a number and what surrounds it off the front of `text`.
bool take_number(std::string_view& text, std::int32_t& number, std::string_view then) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  if (!text.starts_with(then)) return false;
  text.remove_prefix(then.size());
  return true;
}

Result<TypePtr> primitive_from_name(std::string_view name) {
  for (auto kind = TypeKind::boolean; kind < TypeKind::structure;
       kind = static_cast<TypeKind>(static_cast<int>(kind) + 1)) {
    if (kind == TypeKind::decimal || kind == TypeKind::fixed) continue;
    if (name == to_string(*primitive(kind))) return primitive(kind);
  }
  if (name.starts_with("decimal(")) {
    auto rest = name.substr(8);
    std::int32_t precision = 0;
    std::int32_t scale = 0;
    const bool parsed = take_number(rest, precision, ",") && take_number(rest, scale, ")");
    if (parsed && rest.empty() && precision >= 1 && precision <= 38 && scale >= 0 &&
        scale <= precision) {
      return decimal_type(precision, scale);
    }
    return make_error(Errc::corrupt,
                      "type \"{}\": allowed is decimal(P, S) with 1 <= P <= 38 and 0 <= S <= P",
                      name);
  }
  if (name.starts_with("fixed[")) {
    auto rest = name.substr(6);
    std::int32_t length = 0;
    if (take_number(rest, length, "]") && rest.empty() && length >= 0) return fixed_type(length);
    return make_error(Errc::corrupt, "type \"{}\": allowed is fixed[L] with L >= 0", name);
  }
  return make_error(Errc::unsupported, "type \"{}\" is not one of Iceberg format version 2", name);
}

Result<TypePtr> type_from_json(const nlohmann::json& value, int depth);

Result<NestedField> field_from_json(const nlohmann::json& value, int depth) {
  NestedField field;
  TL_ASSIGN(field.id, json::id<FieldId>(value, "id"));
  TL_ASSIGN(field.name, json::string(value, "name"));
  TL_ASSIGN(field.required, json::boolean(value, "required"));
  TL_ASSIGN(field.doc, json::string_or(value, "doc", ""));
  const auto* type = json::find(value, "type");
  if (type == nullptr) {
    return make_error(Errc::corrupt, "\"type\" of field \"{}\" is missing", field.name);
  }
  TL_ASSIGN(field.type, type_from_json(*type, depth));
  return field;
}

Result<std::vector<NestedField>> fields_from_json(const nlohmann::json& value, int depth) {
  TL_ASSIGN(const auto* list, json::array(value, "fields"));
  std::vector<NestedField> fields;
  for (const auto& item : *list) {
    TL_ASSIGN(auto field, field_from_json(item, depth));
    fields.push_back(std::move(field));
  }
  return fields;
}

// The element of a list, or the key or value of a map.
Result<NestedField> part_from_json(const nlohmann::json& value, const std::string& name,
                                   bool always_required, int depth) {
  NestedField field;
  field.name = name;
  TL_ASSIGN(field.id, json::id<FieldId>(value, name + "-id"));
  if (always_required) {
    field.required = true;
  } else {
    TL_ASSIGN(field.required, json::boolean(value, name + "-required"));
  }
  const auto* type = json::find(value, name);
  if (type == nullptr) return make_error(Errc::corrupt, "\"{}\" is missing", name);
  TL_ASSIGN(field.type, type_from_json(*type, depth));
  return field;
}

Result<TypePtr> type_from_json(const nlohmann::json& value, int depth) {
  if (depth > kMaxDepth) {
    return make_error(Errc::unsupported, "types nest deeper than {} levels", kMaxDepth);
  }
  if (value.is_string()) return primitive_from_name(value.get_ref<const std::string&>());
  TL_ASSIGN(const auto kind, json::string(value, "type"));
  if (kind == "struct") {
    TL_ASSIGN(auto fields, fields_from_json(value, depth + 1));
    return struct_type(std::move(fields));
  }
  if (kind == "list") {
    TL_ASSIGN(auto element, part_from_json(value, "element", false, depth + 1));
    return list_type(std::move(element));
  }
  if (kind == "map") {
    TL_ASSIGN(auto key, part_from_json(value, "key", true, depth + 1));
    TL_ASSIGN(auto mapped, part_from_json(value, "value", false, depth + 1));
    return map_type(std::move(key), std::move(mapped));
  }
  return make_error(Errc::unsupported, "type \"{}\" is not one of Iceberg format version 2", kind);
}

}  // namespace

Result<TypePtr> parse_type(std::string_view text) {
  if (auto type = primitive_from_name(text)) return type;
  return make_error(Errc::invalid_argument,
                    "'{}' is no type of a column; allowed: boolean, int, long, float, double, "
                    "decimal(P, S) with P up to 38, date, time, timestamp, timestamptz, string, "
                    "uuid, fixed[L], binary",
                    text);
}

void write_json(JsonWriter& json, const Schema& schema) {
  json.open_object().member("type", "struct").member("schema-id", schema.id.value);
  if (!schema.identifier_field_ids.empty()) {
    json.key("identifier-field-ids").open_array();
    for (const auto id : schema.identifier_field_ids) json.integer(id.value);
    json.close_array();
  }
  json.key("fields").open_array();
  for (const auto& field : schema.fields) write_field(json, field);
  json.close_array().close_object();
}

std::string to_json(const Schema& schema) {
  JsonWriter json;
  write_json(json, schema);
  return std::move(json).take();
}

Result<Schema> schema_from_json(const nlohmann::json& value) {
  Schema schema;
  TL_ASSIGN(const auto id, json::integer_or<std::int32_t>(value, "schema-id", 0));
  schema.id = SchemaId{id};
  TL_ASSIGN(schema.fields, fields_from_json(value, 0));
  TL_ASSIGN(const auto* identifiers, json::array(value, "identifier-field-ids"));
  for (const auto& item : *identifiers) {
    if (!json::integer_fits<std::int32_t>(item)) {
      return make_error(Errc::corrupt, "\"identifier-field-ids\" holds something but field ids");
    }
    schema.identifier_field_ids.emplace_back(item.get<std::int32_t>());
  }
  return schema;
}

void write_json(JsonWriter& json, const PartitionSpec& spec) {
  json.open_object().member("spec-id", spec.id.value).key("fields");
  json.raw(partition_fields_to_json(spec)).close_object();
}

std::string partition_fields_to_json(const PartitionSpec& spec) {
  JsonWriter json;
  json.open_array();
  for (const auto& field : spec.fields) {
    json.open_object()
        .member("name", field.name)
        .member("transform", to_string(field.transform))
        .member("source-id", field.source_id.value)
        .member("field-id", field.field_id.value)
        .close_object();
  }
  json.close_array();
  return std::move(json).take();
}

Result<PartitionSpec> partition_spec_from_json(const nlohmann::json& value) {
  constexpr std::int32_t first_field_id = 1000;
  PartitionSpec spec;
  TL_ASSIGN(spec.id, json::id<SpecId>(value, "spec-id"));
  TL_ASSIGN(const auto* fields, json::array(value, "fields"));
  for (const auto& item : *fields) {
    PartitionField field;
    TL_ASSIGN(field.source_id, json::id<FieldId>(item, "source-id"));
    const auto fallback = first_field_id + static_cast<std::int32_t>(spec.fields.size());
    TL_ASSIGN(const auto field_id, json::integer_or<std::int32_t>(item, "field-id", fallback));
    field.field_id = FieldId{field_id};
    TL_ASSIGN(field.name, json::string(item, "name"));
    TL_ASSIGN(const auto transform, json::string(item, "transform"));
    field.transform = parse_transform(transform);
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

}  // namespace tradelake::iceberg
