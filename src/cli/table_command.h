// What the sub-commands of `tradelake table` share: which table, which of its snapshots, which
// rows.
//
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/opened_lake.h"
#include "iceberg/expression.h"
#include "iceberg/table.h"

namespace arrow {
class Table;
}

namespace tradelake::cli {

void add_table_looks(CLI::App& command, Run& run);
void add_table_alter(CLI::App& command, Run& run);
void add_table_rollback(CLI::App& command, Run& run);
void add_table_export(CLI::App& command, Run& run);
void add_table_upkeep(CLI::App& command, Run& run);

struct TableFlags {
  std::shared_ptr<SettingFlags> settings;
  std::string table;
  std::string snapshot, at;        // time travel; empty: the head
  std::string columns;             // empty: all
  std::vector<std::string> where;  // all must hold
  std::int64_t limit = -1;         // negative: none
  bool json = false;

  // With --catalog and the like, and the table's name.
  static std::shared_ptr<TableFlags> add(CLI::App& command);
  void add_json(CLI::App& command);
  void add_time_travel(CLI::App& command);
  void add_rows(CLI::App& command);
};

// Errors: invalid_argument.
Result<iceberg::TableIdent> parse_ident(const std::string& text);

// Which rows of which snapshot, checked against the table.
struct Selection {
  iceberg::TableMetadataPtr metadata;  // as of the snapshot asked for
  std::vector<std::string> columns;
  iceberg::Filter filter;
};
// Errors: invalid_argument (no such snapshot, column or value).
Result<iceberg::TableMetadataPtr> as_asked(const iceberg::TableMetadataPtr& head,
                                           const TableFlags& flags);
Result<Selection> select(const iceberg::TableMetadataPtr& head, const TableFlags& flags);

// The selected rows, a file's at a time, none empty; at most `limit`, all if it is negative.
Result<> each_piece(OpenedLake& lake, const Selection& selection, std::int64_t limit,
                    const std::function<Result<>(const arrow::Table& rows)>& see);

// "2024-08-08T23:54:15Z" or milliseconds, as milliseconds. Errors: invalid_argument.
Result<std::int64_t> parse_time_ms(const std::string& text);
Result<iceberg::SnapshotId> parse_snapshot(const std::string& text);
// "36h", given with `flag`, as microseconds. Errors: invalid_argument.
Result<std::int64_t> parse_duration(const char* flag, const std::string& text);

// Opens catalog and warehouse, loads the table, does the work, and reports what went wrong.
using TableWork = std::function<Result<>(OpenedLake& lake, iceberg::Table& table)>;
int with_table(const TableFlags& flags, const TableWork& work);

}  // namespace tradelake::cli
