// Spans of time in which a market was not received, on their way into silver.coverage_gaps.
//
// Threads: one. Does not: find gaps (the collector does), fill them, or commit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "log/gap_record.h"

namespace tradelake::silver {

class CoverageGaps {
 public:
  // Of a gap record.
  void add(const log::Record& record, const log::Gap& gap);
  std::size_t rows() const { return rows_.size(); }
  void clear() { rows_.clear(); }

  // One file per partition, in the table's sort order. Errors: io.
  Result<std::vector<iceberg::DataFile>> write_files(iceberg::FileIo& io,
                                                     const iceberg::Table& table) const;

 private:
  struct Row {
    std::string category, symbol;
    log::Gap gap;
    std::int64_t detected_us = 0;
  };
  std::vector<Row> rows_;
};

}  // namespace tradelake::silver
