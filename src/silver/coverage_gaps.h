// Spans of time in which a market was not received, on their way into silver.coverage_gaps.
//
// Threads: one. Does not: find gaps (the collector does), fill them, or commit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"
#include "core/error.h"
#include "iceberg/data_file.h"
#include "iceberg/file_io.h"
#include "iceberg/table.h"
#include "log/gap_record.h"

namespace tradelake::silver {

struct CoverageGap {
  log::Gap span;
  std::string status = "open";  // filled, unproven, lost: of those who fill gaps
};

class CoverageGaps {
 public:
  // Of a gap record.
  void add(const log::Record& record, const log::Gap& gap);
  std::size_t rows() const { return rows_.size(); }
  void clear() { rows_.clear(); }
  std::vector<CoverageGap> of_market(bybit::Category category, std::string_view symbol) const;

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
