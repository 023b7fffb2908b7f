// What a Parquet footer says about one column chunk, as values of the column's Iceberg type.
//
// Threads: functions without state.
// Invariant: a bound that is given holds for every value of the chunk that is neither null nor NaN.
// Does not: give bounds where the file's type or order is not known to agree (other time units,
// unsigned integers, another scale, statistics of writers known to be wrong).
#pragma once

#include <cstdint>
#include <optional>

#include "iceberg/value.h"

namespace parquet {
class ColumnChunkMetaData;
class ColumnDescriptor;
}  // namespace parquet

namespace tradelake::iceberg {

struct ChunkStatistics {
  std::optional<std::int64_t> null_count;
  std::optional<Value> lower;  // both or none
  std::optional<Value> upper;
};

// `type` is the table's, which may be a promotion of the file's.
ChunkStatistics read_statistics(const Type& type, const parquet::ColumnDescriptor& column,
                                const parquet::ColumnChunkMetaData& chunk);

}  // namespace tradelake::iceberg
