// Position delete files: rows by path and number («Position Delete Files»).
//
// Threads: functions without state.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

// «Reserved Field IDs».
inline constexpr FieldId delete_path_id{2'147'483'546};
inline constexpr FieldId delete_position_id{2'147'483'545};

// The rows, counted from 0 in the whole file of `data_rows` rows, that the delete file takes out of
// the data file of this path; in no particular order. A path in another spelling is another file.
// Errors: unsupported (no Parquet), corrupt (columns missing or of other types, nulls, rows that
// the data file does not have), those of FileIo.
Result<std::vector<std::int64_t>> read_position_deletes(const TableMetadata& metadata, FileIo& io,
                                                        const DataFile& deletes,
                                                        std::string_view data_path,
                                                        std::int64_t data_rows);

}  // namespace tradelake::iceberg
