// How each of our tables' files are encoded when they are written again.
//
// Threads: a pure function.
#pragma once

#include "iceberg/catalog.h"
#include "iceberg/parquet_writer.h"

namespace tradelake::ops {

// Hints for columns that the schema does not have (any more), or in another type, are left out.
iceberg::ParquetOptions file_encoding(const iceberg::TableIdent& table,
                                      const iceberg::Schema& schema, int zstd_level);

}  // namespace tradelake::ops
