// ParquetOptions as properties of Arrow's writer: what of a file is the same for every row group.
//
// Threads: functions without state.
// Invariant: every file is ZSTD, data page v1, encodings PLAIN, dictionary and DELTA_BINARY_PACKED.
#pragma once

#include <memory>

#include "core/error.h"
#include "iceberg/parquet_writer.h"

namespace arrow {
class Schema;
}
namespace parquet {
class WriterProperties;
}

namespace tradelake::iceberg {

// Errors: invalid_argument: an option names no column of the schema, or one that it does not suit.
Result<std::shared_ptr<parquet::WriterProperties>> writer_properties(
    const Schema& schema, const arrow::Schema& arrow_schema, const ParquetOptions& options);

}  // namespace tradelake::iceberg
