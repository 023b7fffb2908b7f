// Values as text for people and files, and back.
//
// Threads: pure functions. Numbers are exact; times are UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "iceberg/type.h"
#include "iceberg/value.h"

namespace tradelake::iceberg {

std::string base64(std::string_view bytes);
std::string date_text(std::int64_t days);     // "2024-08-08"
std::string timestamp_text(std::int64_t us);  // "2024-08-08T23:54:15.342000"
std::string decimal_text(int128_t unscaled, std::int32_t scale);

// Fixed and binary as base64.
std::string value_text(const Type& type, const Value& value);

// "2024-08-08", "2024-08-08T23:54:15.342Z" (the Z may be missing), or milliseconds since 1970.
std::optional<std::int64_t> parse_timestamp_us(std::string_view text);
// Errors: invalid_argument, with what is allowed.
Result<Value> parse_value(const Type& type, std::string_view text);

}  // namespace tradelake::iceberg
