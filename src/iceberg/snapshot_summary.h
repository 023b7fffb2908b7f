// The counters of a snapshot's summary: what it added and removed, and the table's totals.
//
// Threads: values. Every value is a string, as the spec demands.
// Does not: invent totals: where the parent lacks one, so does the child.
#pragma once

#include <map>
#include <set>
#include <string>

#include "iceberg/data_file.h"
#include "iceberg/table_metadata.h"

namespace tradelake::iceberg {

class SummaryCounters {
 public:
  void added(const DataFile& file);
  void removed(const DataFile& file);

  std::int64_t added_records() const { return added_.records; }
  std::int64_t removed_records() const { return removed_.records; }

  // Into `summary`, without replacing what is there. `parent` is nullptr for the first snapshot.
  void write(const Snapshot* parent, std::map<std::string, std::string>& summary) const;

 private:
  struct Counts {
    std::int64_t files = 0;
    std::int64_t records = 0;
    std::int64_t bytes = 0;
  };
  Counts added_;
  Counts removed_;
  // As text, since null and values of several specs are told apart only by more than the tuple.
  std::set<std::string> partitions_;
};

}  // namespace tradelake::iceberg
