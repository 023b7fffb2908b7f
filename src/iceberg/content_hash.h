// A hash of rows that does not depend on their order: how a rewrite proves that it lost nothing.
//
// Threads: values. Invariant: the same rows in any order, batches and dictionary encoding give the
// same hash; rows hash by value, nulls and nested values included. Does not: withstand somebody who
// makes rows collide on purpose; chance does so once in 2^64.
#pragma once

#include <cstdint>

#include "core/error.h"

namespace arrow {
class Table;
}

namespace tradelake::iceberg {

struct ContentHash {
  std::int64_t rows = 0;
  std::uint64_t sum = 0;  // of the rows' hashes, modulo 2^64
  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

// Columns count by their order. Errors: unsupported (an Arrow type that no Iceberg type becomes).
Result<> add_rows(const arrow::Table& rows, ContentHash& hash);

}  // namespace tradelake::iceberg
