// zlib with a bound on what comes out: raw deflate for Avro blocks, gzip for metadata files.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"

namespace tradelake::iceberg {

enum class DeflateFormat { raw, gzip };

std::string deflate(std::string_view bytes, DeflateFormat format);

// Errors: corrupt (also when more than `limit` bytes would come out).
Result<std::string> inflate(std::string_view bytes, DeflateFormat format, std::size_t limit);

}  // namespace tradelake::iceberg
