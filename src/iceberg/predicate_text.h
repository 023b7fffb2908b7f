// Predicates as people write them: "symbol = BTCUSDT", "trade_time >= 2024-08-08T23:00:00Z",
// "seq is null", "side in Buy, Sell".
//
// Threads: pure functions.
#pragma once

#include <string_view>

#include "core/error.h"
#include "iceberg/expression.h"
#include "iceberg/schema.h"

namespace tradelake::iceberg {

// The value is parsed by the column's type; quotes around it are taken off. Errors:
// invalid_argument (no such column, operator or value, with what is allowed).
Result<Predicate> parse_predicate(const Schema& schema, std::string_view text);

}  // namespace tradelake::iceberg
