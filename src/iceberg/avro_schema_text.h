// The JSON of Avro schemas as Java's Iceberg writes it: names r<id> and k<id>_v<id>, unions only
// ["null", T], ids as integers on everything («Appendix A: Avro»).
//
// Threads: pure functions.
// Does not: emit one type name twice: a second fixed of the same shape gets its field's id
// appended.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "iceberg/type.h"

namespace tradelake::iceberg {

// Types, as JSON text.
std::string avro_record(std::string_view name, const std::vector<std::string>& fields);
std::string avro_list(int element_id, std::string_view element_type);
// A map with int keys: an array of pairs with logicalType "map".
std::string avro_int_map(int key_id, int value_id, std::string_view value_type);

// Fields, as JSON text.
std::string avro_required(std::string_view name, int id, std::string_view type);
std::string avro_optional(std::string_view name, int id, std::string_view type);

// A field of the partition record; names that Avro does not allow are spelled as Java does.
// `used_names` are the type names so far.
std::string avro_partition_field(std::string_view name, FieldId id, const Type& type,
                                 std::set<std::string>& used_names);

// Bytes of the fixed that holds a decimal of this precision.
int decimal_width(int precision);

}  // namespace tradelake::iceberg
