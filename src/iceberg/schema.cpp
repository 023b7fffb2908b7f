#include "iceberg/schema.h"

#include <algorithm>

namespace tradelake::iceberg {
namespace {

const NestedField* find_in(const std::vector<NestedField>& fields, FieldId id) {
  for (const auto& field : fields) {
    if (field.id == id) return &field;
    if (!field.type->primitive()) {
      if (const auto* found = find_in(field.type->fields, id)) return found;
    }
  }
  return nullptr;
}

FieldId highest_in(const std::vector<NestedField>& fields) {
  FieldId highest{0};
  for (const auto& field : fields) {
    highest = std::max({highest, field.id, highest_in(field.type->fields)});
  }
  return highest;
}

void collect_leaves(const std::vector<NestedField>& fields, std::vector<const NestedField*>& into) {
  for (const auto& field : fields) {
    if (field.type->primitive()) {
      into.push_back(&field);
    } else {
      collect_leaves(field.type->fields, into);
    }
  }
}

}  // namespace

const NestedField* Schema::find(std::string_view name) const {
  const auto it = std::ranges::find(fields, name, &NestedField::name);
  return it == fields.end() ? nullptr : &*it;
}

const NestedField* Schema::find(FieldId field_id) const {
  return find_in(fields, field_id);
}

FieldId Schema::highest_field_id() const {
  return highest_in(fields);
}

std::vector<const NestedField*> leaf_fields(const Schema& schema) {
  std::vector<const NestedField*> leaves;
  collect_leaves(schema.fields, leaves);
  return leaves;
}

}  // namespace tradelake::iceberg
