// Cells of Arrow columns as text and as JSON.
//
// Threads: functions. Decimals are exact, times are UTC and end in Z; lists, maps and structs are
// JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "iceberg/json_writer.h"
#include "iceberg/type.h"

namespace arrow {
class Array;
}

namespace tradelake::iceberg {

// Nothing = null. Binary as base64; with `for_people`, as it is if it is text.
std::optional<std::string> cell_text(const Type& type, const arrow::Array& array, std::int64_t row,
                                     bool for_people = false);

// Numbers but decimals as numbers (NaN and infinities as text), a map with keys of text as an
// object.
void write_cell(JsonWriter& json, const Type& type, const arrow::Array& array, std::int64_t row);

}  // namespace tradelake::iceberg
