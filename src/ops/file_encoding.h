// How each of our tables' files are encoded when they are written again: as at commit, at another
// level.
//
// Threads: a pure function.
#pragma once

#include "iceberg/catalog.h"
#include "iceberg/parquet_writer.h"

namespace tradelake::ops {

iceberg::ParquetOptions file_encoding(const iceberg::TableIdent& table,
                                      const iceberg::TableMetadata& metadata, int zstd_level);

}  // namespace tradelake::ops
