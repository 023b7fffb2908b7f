// A table as the warehouse has it: every snapshot with its files and what its summary says, checked
// on the way for what must hold of any table of ours.
//
// Threads: one. Does not: know what rows there ought to be.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faults/world.h"
#include "iceberg/catalog.h"
#include "iceberg/data_file.h"
#include "iceberg/table.h"

namespace arrow {
class Table;
}

namespace tradelake::faults {

struct SnapshotView {
  const iceberg::Snapshot* snapshot = nullptr;
  std::map<log::TopicPartition, std::int64_t> offsets;  // of its summary
  std::vector<iceberg::DataFile> files;                 // live ones
};

class TableHistory {
 public:
  // Findings are appended to `findings`, each with the table's name.
  TableHistory(World& world, iceberg::Catalog& catalog, const iceberg::TableIdent& ident,
               std::vector<std::string>& findings);

  const iceberg::TableIdent& ident() const { return ident_; }
  const std::vector<SnapshotView>& snapshots() const { return snapshots_; }
  std::shared_ptr<arrow::Table> read(const iceberg::DataFile& file,
                                     const std::vector<std::string>& columns);
  void finding(const std::string& text);

 private:
  void look(const iceberg::Snapshot& snapshot);
  void check_summary(const SnapshotView& view);

  World& world_;
  const iceberg::TableIdent ident_;
  std::vector<std::string>& findings_;
  iceberg::Table table_;
  std::vector<SnapshotView> snapshots_;
  std::map<std::string, std::int64_t> added_;    // path -> snapshot id
  std::map<std::string, std::int64_t> commits_;  // commit-id -> snapshot id
};

}  // namespace tradelake::faults
