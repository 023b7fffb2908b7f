#include "iceberg/avro_schema.h"

#include <map>
#include <utility>

#include "iceberg/json_access.h"

namespace tradelake::iceberg {
namespace {

const std::map<std::string, AvroKind, std::less<>>& primitive_kinds() {
  static const std::map<std::string, AvroKind, std::less<>> kinds{
      {"null", AvroKind::null},   {"boolean", AvroKind::boolean}, {"int", AvroKind::int32},
      {"long", AvroKind::int64},  {"float", AvroKind::float32},   {"double", AvroKind::float64},
      {"bytes", AvroKind::bytes}, {"string", AvroKind::string},
  };
  return kinds;
}

class Parser {
 public:
  Result<AvroSchemaPtr> parse(const nlohmann::json& value, int depth) {
    if (depth > avro_max_depth) {
      return make_error(Errc::unsupported, "nests deeper than {} levels", avro_max_depth);
    }
    if (value.is_string()) return by_name(value.get_ref<const std::string&>());
    if (value.is_array()) return parse_choice(value, depth);
    const auto* type = json::find(value, "type");
    if (type == nullptr) return make_error(Errc::corrupt, "a type is missing");
    // {"type": {"type": …}} and {"type": ["null", …]} are legal wrappings.
    if (!type->is_string()) return parse(*type, depth + 1);
    const auto& name = type->get_ref<const std::string&>();
    if (name == "record" || name == "error") return parse_record(value, depth);
    if (name == "array") return parse_items(value, AvroKind::array, "items", depth);
    if (name == "map") return parse_items(value, AvroKind::map, "values", depth);
    if (name == "fixed") return parse_fixed(value);
    if (name == "enum") return parse_enum(value);
    return by_name(name);
  }

 private:
  Result<AvroSchemaPtr> by_name(const std::string& name) {
    const auto kind = primitive_kinds().find(name);
    if (kind != primitive_kinds().end()) {
      auto schema = std::make_shared<AvroSchema>();
      schema->kind = kind->second;
      return schema;
    }
    // Names are matched by their last part: manifests have no two types that differ only before.
    const auto known = named_.find(name.substr(name.rfind('.') + 1));
    if (known == named_.end()) {
      return make_error(Errc::unsupported, "type \"{}\" is unknown, or refers to itself", name);
    }
    if (++references_ > max_references) {
      return make_error(Errc::unsupported, "more than {} references to types", max_references);
    }
    return known->second;
  }

  Result<AvroSchemaPtr> named(const nlohmann::json& value, AvroSchema schema) {
    TL_ASSIGN(const auto name, json::string(value, "name"));
    auto shared = std::make_shared<const AvroSchema>(std::move(schema));
    named_[name.substr(name.rfind('.') + 1)] = shared;
    return shared;
  }

  Result<AvroSchemaPtr> parse_choice(const nlohmann::json& value, int depth) {
    AvroSchema schema;
    schema.kind = AvroKind::choice;
    for (const auto& branch : value) {
      TL_ASSIGN(auto type, parse(branch, depth + 1));
      schema.branches.push_back(std::move(type));
    }
    return std::make_shared<const AvroSchema>(std::move(schema));
  }

  Result<AvroSchemaPtr> parse_items(const nlohmann::json& value, AvroKind kind, const char* key,
                                    int depth) {
    AvroSchema schema;
    schema.kind = kind;
    const auto* items = json::find(value, key);
    if (items == nullptr) return make_error(Errc::corrupt, "\"{}\" is missing", key);
    TL_ASSIGN(schema.items, parse(*items, depth + 1));
    return std::make_shared<const AvroSchema>(std::move(schema));
  }

  Result<AvroSchemaPtr> parse_fixed(const nlohmann::json& value) {
    AvroSchema schema;
    schema.kind = AvroKind::fixed;
    TL_ASSIGN(const auto size, json::integer<std::int32_t>(value, "size"));
    if (size < 0) return make_error(Errc::corrupt, "\"size\" of a fixed is {}", size);
    schema.size = static_cast<std::size_t>(size);
    return named(value, std::move(schema));
  }

  Result<AvroSchemaPtr> parse_enum(const nlohmann::json& value) {
    AvroSchema schema;
    schema.kind = AvroKind::enumeration;
    return named(value, std::move(schema));
  }

  Result<AvroSchemaPtr> parse_record(const nlohmann::json& value, int depth) {
    AvroSchema schema;
    schema.kind = AvroKind::record;
    TL_ASSIGN(const auto* fields, json::array(value, "fields"));
    for (const auto& item : *fields) {
      AvroField field;
      TL_ASSIGN(field.name, json::string(item, "name"));
      if (const auto* id = json::find(item, "field-id");
          id && json::integer_fits<std::int32_t>(*id)) {
        field.id = id->get<std::int32_t>();
      }
      const auto* type = json::find(item, "type");
      if (type == nullptr) {
        return make_error(Errc::corrupt, "the type of field \"{}\" is missing", field.name);
      }
      TL_ASSIGN(field.type, parse(*type, depth + 1));
      schema.fields.push_back(std::move(field));
    }
    return named(value, std::move(schema));
  }

  // Also bounds the depth of the whole: max_references times avro_max_depth.
  static constexpr int max_references = 256;
  std::map<std::string, AvroSchemaPtr, std::less<>> named_;
  int references_ = 0;
};

}  // namespace

Result<AvroSchemaPtr> parse_avro_schema(std::string_view text) {
  const auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return make_error(Errc::corrupt, "the Avro schema is not JSON");
  auto schema = Parser{}.parse(value, 0);
  if (!schema) return in_context(std::move(schema).error(), "Avro schema");
  return schema;
}

}  // namespace tradelake::iceberg
