// Iceberg v2 types («Schemas and Data Types»): primitives, struct, list, map.
//
// Threads: immutable after construction, shared freely.
// Does not: know JSON (schema_json.h) or Arrow (arrow_schema.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "iceberg/ids.h"

namespace tradelake::iceberg {

enum class TypeKind {
  boolean,
  int32,
  int64,
  float32,
  float64,
  decimal,
  date,
  time,
  timestamp,
  timestamptz,
  string,
  uuid,
  fixed,
  binary,
  structure,
  list,
  map,
};

struct Type;
using TypePtr = std::shared_ptr<const Type>;

struct NestedField {
  FieldId id;
  std::string name;
  TypePtr type;
  bool required = false;
  std::string doc;  // empty: none
};

struct Type {
  TypeKind kind;
  std::int32_t precision = 0;       // decimal
  std::int32_t scale = 0;           // decimal
  std::int32_t length = 0;          // fixed, bytes
  std::vector<NestedField> fields;  // structure: its fields; list: [element]; map: [key, value]

  bool primitive() const { return kind < TypeKind::structure; }
};

bool operator==(const NestedField& a, const NestedField& b);  // doc texts included
bool operator==(const Type& a, const Type& b);

// As the metadata names it: "long", "decimal(38, 18)"; "struct", "list", "map" for nested ones.
std::string to_string(const Type& type);

TypePtr primitive(TypeKind kind);
TypePtr decimal_type(std::int32_t precision, std::int32_t scale);
TypePtr fixed_type(std::int32_t length);
TypePtr struct_type(std::vector<NestedField> fields);
TypePtr list_type(NestedField element);                // element.name is "element"
TypePtr map_type(NestedField key, NestedField value);  // names "key", "value"; key required

}  // namespace tradelake::iceberg
