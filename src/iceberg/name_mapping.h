// schema.name-mapping.default: ids for files that were written without («Name Mapping»).
//
// Threads: values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/ids.h"

namespace tradelake::iceberg {

struct MappedField {
  std::optional<FieldId> id;
  std::vector<std::string> names;
  std::vector<MappedField> fields;  // of a struct; "element" of a list; "key" and "value" of a map
};

// Errors: corrupt.
Result<std::vector<MappedField>> parse_name_mapping(std::string_view json);

// The one among a table's properties; empty if there is none. Errors: corrupt.
Result<std::vector<MappedField>> name_mapping_of(
    const std::map<std::string, std::string>& properties);

// The field that has this name; nullptr if none.
const MappedField* find_name(const std::vector<MappedField>& fields, std::string_view name);

}  // namespace tradelake::iceberg
