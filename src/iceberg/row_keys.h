// Cells as bytes that are equal exactly if the values are, as equality deletes compare them.
//
// Threads: functions without state.
// Semantics: null equals null, NaN equals NaN, -0.0 is not +0.0: those of Java's comparators. A
// struct that is null differs from one whose children are.
#pragma once

#include <cstdint>
#include <string>

namespace arrow {
class Array;
}

namespace tradelake::iceberg {

// Several cells of one row may be appended one after the other. The array has a type of
// to_arrow_type(): primitive, or a struct of such.
void append_key(const arrow::Array& array, std::int64_t row, std::string& key);

}  // namespace tradelake::iceberg
