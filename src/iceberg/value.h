// One value of a primitive type: partition values, bounds, literals of filters.
//
// Threads: values. Bytes are «Appendix D: Single-value serialization».
// Does not: hold lists, maps or structs; those have no bounds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/error.h"
#include "core/int128.h"
#include "iceberg/type.h"

namespace tradelake::iceberg {

// Which alternative belongs to which type: boolean: bool; int32, date: int32_t; int64, time (us),
// timestamp, timestamptz (us): int64_t; float32: float; float64: double; decimal: int128_t, the
// unscaled value; string (UTF-8), fixed, binary, uuid (16 bytes, big-endian): std::string.
using Value = std::variant<bool, std::int32_t, std::int64_t, float, double, int128_t, std::string>;

// Order within one type: numbers by value (-0.0 before +0.0), strings and bytes unsigned byte-wise.
std::strong_ordering compare(const Value& a, const Value& b);

std::string to_bytes(const Type& type, const Value& value);
// Bounds of a promoted column are read by their length: 4 bytes of an int64 column were an int32.
Result<Value> from_bytes(const Type& type, std::string_view bytes);

// A decimal's unscaled value as big-endian two's complement in as few bytes as hold it.
std::string decimal_bytes(int128_t unscaled);
// The same from any number of bytes; longer than needed is fine, beyond 128 bits is not.
Result<int128_t> decimal_from_bytes(std::string_view bytes);

// «truncate(16)» of column metrics: the first `width` code points (bytes, for binary and fixed);
// the upper bound is incremented at the last place that can be, or nothing if none can.
std::string truncate_lower(const Type& type, std::string_view text, std::size_t width);
std::optional<std::string> truncate_upper(const Type& type, std::string_view text,
                                          std::size_t width);

}  // namespace tradelake::iceberg
