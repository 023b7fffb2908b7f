// The columns of a Parquet file as a tree with Iceberg ids.
//
// Threads: immutable after construction.
// Invariant: ids come from the file, or all of them from the name mapping if the file has none.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "iceberg/ids.h"
#include "iceberg/name_mapping.h"

namespace arrow {
class DataType;
}
namespace parquet::arrow {
struct SchemaManifest;
}

namespace tradelake::iceberg {

struct FileColumn {
  std::optional<FieldId> id;
  std::shared_ptr<arrow::DataType> type;  // as Arrow will read it
  std::vector<int> leaves;                // Parquet column indices, ascending
  std::vector<FileColumn> children;  // of a struct: its fields; list: [element]; map: [key, value]
};

std::vector<FileColumn> file_columns(const parquet::arrow::SchemaManifest& manifest,
                                     const std::vector<MappedField>& mapping);

// The column with this id among `columns`, not below them; nullptr if none.
const FileColumn* find_column(const std::vector<FileColumn>& columns, FieldId id);

}  // namespace tradelake::iceberg
