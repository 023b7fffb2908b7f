// The schema in an Avro file's header, with Iceberg's field ids («Appendix A: Avro»).
//
// Threads: immutable after construction.
// Invariant: a tree of at most avro_max_depth levels; a schema that refers to itself is refused, as
// manifests never do.
// Does not: resolve a reader's schema against a writer's by name; callers go by field id.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace tradelake::iceberg {

inline constexpr int avro_max_depth = 32;

enum class AvroKind {
  null,
  boolean,
  int32,
  int64,
  float32,
  float64,
  bytes,
  string,
  fixed,
  enumeration,
  record,
  array,
  map,
  choice,  // Avro's union
};

struct AvroSchema;
using AvroSchemaPtr = std::shared_ptr<const AvroSchema>;

struct AvroField {
  std::string name;
  std::optional<std::int32_t> id;
  AvroSchemaPtr type;
};

struct AvroSchema {
  AvroKind kind = AvroKind::null;
  std::size_t size = 0;                 // fixed: bytes
  std::vector<AvroField> fields;        // record
  std::vector<AvroSchemaPtr> branches;  // choice
  AvroSchemaPtr items;                  // array: elements; map: values (keys are strings)
};

// Errors: corrupt (says what), unsupported (self-referring or too deep).
Result<AvroSchemaPtr> parse_avro_schema(std::string_view json);

}  // namespace tradelake::iceberg
