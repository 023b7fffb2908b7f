// A data file as a scan plans it: with the delete files that take rows out of it.
//
// Threads: values; the delete files are shared between the data files they apply to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "iceberg/data_file.h"

namespace tradelake::iceberg {

struct ScanFile {
  DataFile file;
  SequenceNumber sequence_number;  // of its data
  // Position and equality deletes; each may turn out to delete none of this file's rows.
  std::vector<std::shared_ptr<const DataFile>> deletes;
};

// A name for the rows that are left of the file, for caches: another once a delete file is added.
inline std::string rows_name(const ScanFile& file) {
  auto name = file.file.path;
  for (const auto& deletes : file.deletes) name += '\n' + deletes->path;
  return name;
}

}  // namespace tradelake::iceberg
