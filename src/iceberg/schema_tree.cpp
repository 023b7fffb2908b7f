#include "iceberg/schema_tree.h"

#include <fmt/format.h>

namespace tradelake::iceberg {
namespace {

// What is left of the path below a column of this name; nothing if it does not lead through it.
std::optional<std::string_view> below(std::string_view path, const std::string& name) {
  if (!path.starts_with(name) || path.size() <= name.size() + 1 || path[name.size()] != '.')
    return std::nullopt;
  return path.substr(name.size() + 1);
}

struct Editing {
  const std::function<Result<>(const ColumnAt&)>& edit;
  bool found = false;

  Result<> in(std::vector<NestedField>& fields, std::string_view path, TypeKind parent) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name != path) continue;
      found = true;
      return edit({fields, i, parent});
    }
    for (auto& field : fields) {
      const auto rest = below(path, field.name);
      if (!rest || field.type->primitive()) continue;
      auto type = *field.type;
      TL_TRY(in(type.fields, *rest, type.kind));
      if (!found) continue;
      field.type = std::make_shared<const Type>(std::move(type));
      return {};
    }
    return {};
  }
};

const NestedField* find_in(const std::vector<NestedField>& fields, std::string_view path) {
  for (const auto& field : fields) {
    if (field.name == path) return &field;
  }
  for (const auto& field : fields) {
    const auto rest = below(path, field.name);
    if (!rest || field.type->kind != TypeKind::structure) continue;
    if (const auto* found = find_in(field.type->fields, *rest)) return found;
  }
  return nullptr;
}

}  // namespace

Result<> edit_column(std::vector<NestedField>& fields, std::string_view path,
                     const std::function<Result<>(const ColumnAt&)>& edit) {
  const auto names = names_of(fields);
  Editing editing{edit};
  TL_TRY(editing.in(fields, path, TypeKind::structure));
  if (editing.found) return {};
  return make_error(Errc::invalid_argument, "column '{}' does not exist; the table has {}", path,
                    names);
}

const NestedField* find_column(const Schema& schema, std::string_view path) {
  return find_in(schema.fields, path);
}

void collect_ids(const NestedField& field, std::vector<FieldId>& ids) {
  ids.push_back(field.id);
  for (const auto& child : field.type->fields) collect_ids(child, ids);
}

TypePtr with_new_ids(const TypePtr& type, FieldId& last) {
  if (type->primitive()) return type;
  auto copy = *type;
  for (auto& field : copy.fields) field.id = FieldId{++last.value};
  for (auto& field : copy.fields) field.type = with_new_ids(field.type, last);
  return std::make_shared<const Type>(std::move(copy));
}

std::string names_of(const std::vector<NestedField>& fields) {
  std::string names;
  for (const auto& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

}  // namespace tradelake::iceberg
