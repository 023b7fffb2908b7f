#include "iceberg/name_mapping.h"

#include <algorithm>

#include "iceberg/json_access.h"

namespace tradelake::iceberg {

namespace {

constexpr int greatest_depth = 64;

Result<std::vector<MappedField>> parse_fields(const json::json& array, int depth) {
  if (!array.is_array() || depth > greatest_depth) {
    return make_error(Errc::corrupt,
                      "a name mapping's fields are not an array, or nested over {} deep",
                      greatest_depth);
  }
  std::vector<MappedField> fields;
  for (const auto& item : array) {
    MappedField field;
    if (json::find(item, "field-id") != nullptr) {
      TL_ASSIGN(field.id, json::id<FieldId>(item, "field-id"));
    }
    TL_ASSIGN(const auto* names, json::array(item, "names"));
    for (const auto& name : *names) {
      if (!name.is_string())
        return make_error(Errc::corrupt, "a name in a name mapping is not a string");
      field.names.push_back(name.get<std::string>());
    }
    TL_ASSIGN(const auto* children, json::array(item, "fields"));
    TL_ASSIGN(field.fields, parse_fields(*children, depth + 1));
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

Result<std::vector<MappedField>> parse_name_mapping(std::string_view text) {
  const auto parsed = json::json::parse(text, nullptr, false);
  if (parsed.is_discarded())
    return make_error(Errc::corrupt, "schema.name-mapping.default is not JSON");
  return parse_fields(parsed, 0);
}

Result<std::vector<MappedField>> name_mapping_of(
    const std::map<std::string, std::string>& properties) {
  const auto it = properties.find("schema.name-mapping.default");
  if (it == properties.end()) return std::vector<MappedField>{};
  return parse_name_mapping(it->second);
}

const MappedField* find_name(const std::vector<MappedField>& fields, std::string_view name) {
  const auto it = std::ranges::find_if(fields, [&](const MappedField& field) {
    return std::ranges::find(field.names, name) != field.names.end();
  });
  return it == fields.end() ? nullptr : &*it;
}

}  // namespace tradelake::iceberg
