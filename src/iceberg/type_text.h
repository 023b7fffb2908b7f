// Types by name, as people write them.
//
// Threads: pure functions.
#pragma once

#include <string_view>

#include "core/error.h"
#include "iceberg/type.h"

namespace tradelake::iceberg {

// A primitive one: "long", "decimal(38, 18)". Errors: invalid_argument, with what is allowed.
Result<TypePtr> parse_type(std::string_view text);

}  // namespace tradelake::iceberg
