// A table schema: fields with ids that live for ever.
//
// Threads: immutable after construction.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "iceberg/type.h"

namespace tradelake::iceberg {

struct Schema {
  SchemaId id;
  std::vector<NestedField> fields;
  std::vector<FieldId> identifier_field_ids;

  // Top-level field by name; nullptr if there is none.
  const NestedField* find(std::string_view name) const;
  // Any field, nested ones too, by id; nullptr if there is none.
  const NestedField* find(FieldId id) const;
  FieldId highest_field_id() const;
};

// Every primitive leaf with its id, in schema order, nested ones too.
std::vector<const NestedField*> leaf_fields(const Schema& schema);

}  // namespace tradelake::iceberg
