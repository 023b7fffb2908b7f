// The equality delete files that apply to one data file, read («Equality Delete Files»).
//
// Threads: immutable after read().
// Invariant: columns are found by field id, also those that the schema has dropped since, and
// compared as the table's current types.
// Does not: know sequence numbers or partitions; DeleteIndex has chosen the files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/filter_rows.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

class EqualityDeletes {
 public:
  // Of `deletes` only those that are equality deletes. Errors: unsupported (no Parquet, a column in
  // a list or map), corrupt (no equality_ids, or a column is missing), those of FileIo.
  static Result<EqualityDeletes> read(const TableMetadata& metadata, FileIo& io,
                                      const std::vector<std::shared_ptr<const DataFile>>& deletes);

  // What deselect() has to be given of the data file; one that the file lacks is null. They live as
  // long as this.
  std::vector<const NestedField*> fields() const;
  // `rows` has the columns of fields(), in that order and whatever their names.
  Result<> deselect(const arrow::Table& rows, Selection& selection) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  // Files with the same equality_ids, as one.
  struct Keys {
    std::vector<NestedField> fields;  // one per id, a nested one within its struct
    std::unordered_set<std::string, Hash, std::equal_to<>> deleted;
  };

  std::vector<std::unique_ptr<Keys>> all_;
};

}  // namespace tradelake::iceberg
