// Decimals in JSON: always strings, since a reader's floating point would lose digits.
#pragma once

#include <optional>

#include "core/decimal.h"
#include "iceberg/json_writer.h"

namespace tradelake::api {

// A sum that left decimal(38,18) is null here as in the tables, Bybit's form included: no number
// would be true, and a client that expects a string fails loudly instead of counting it as zero.
inline void write_sum(iceberg::JsonWriter& json, const std::optional<Decimal>& sum) {
  if (sum) {
    json.string(to_string(*sum));
  } else {
    json.raw("null");
  }
}

}  // namespace tradelake::api
