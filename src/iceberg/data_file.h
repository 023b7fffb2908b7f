// One data or delete file as manifests describe it («Data File Fields»).
//
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/partition.h"

namespace tradelake::iceberg {

enum class FileContent { data = 0, position_deletes = 1, equality_deletes = 2 };

struct DataFile {
  FileContent content = FileContent::data;
  std::string path;  // full URI; this spelling is the file's identity
  std::string format = "PARQUET";
  SpecId spec_id;
  PartitionTuple partition;
  std::int64_t record_count = 0;
  std::int64_t size_bytes = 0;
  std::map<FieldId, std::int64_t> column_sizes;  // compressed bytes of the column's chunks
  std::map<FieldId, std::int64_t> value_counts;  // nulls and NaN included
  std::map<FieldId, std::int64_t> null_value_counts;
  std::map<FieldId, std::int64_t> nan_value_counts;  // float and double only
  std::map<FieldId, std::string> lower_bounds;       // Appendix D bytes, never NaN
  std::map<FieldId, std::string> upper_bounds;
  std::string key_metadata;                  // empty: none
  std::vector<std::int64_t> split_offsets;   // ascending row-group starts
  std::vector<FieldId> equality_ids;         // equality deletes only
  std::optional<SortOrderId> sort_order_id;  // only if really sorted by it
};

}  // namespace tradelake::iceberg
