// One atomic change of several tables and of a pipeline's progress rows.
//
// Threads: one at a time. Use: write data files to new_files(), add() an action per table, then
// commit() once.
// On conflict the tables are loaded again and the actions applied to the new heads, in a turn of
// its own where the catalog has a queue (commit_queue.h), else with back-off, up to `max_attempts`.
// Metadata files of an attempt that lost are removed again: nobody can lead to them. After any
// other failure they stay for orphan removal. So that it never takes the files of a commit under
// way, none is committed that took longer than longest_commit_us. A table whose actions change
// nothing gets no new metadata.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "iceberg/action.h"
#include "iceberg/staged_file_io.h"
#include "iceberg/table.h"

namespace tradelake::iceberg {

// From a transaction's making to its commit. Orphans are older (orphan_files.h).
inline constexpr std::int64_t longest_commit_us = 2 * std::int64_t{3'600'000'000};

// Of a change that may wait, beside writers that commit all the time.
inline constexpr int patient_attempts = 20;

class Transaction {
 public:
  Transaction(Catalog& catalog, FileIo& io, std::int64_t longest_us = longest_commit_us);

  // Where the data files of its actions may go: kept in memory, written beside the metadata that
  // names them by commit(). Files too large to be kept are written to the warehouse before.
  FileIo& new_files() { return new_files_; }
  // `table` is replaced by its new head when commit() succeeds; it must outlive the transaction.
  void add(Table& table, std::unique_ptr<Action> action);
  // Every table of this transaction gets `commit_id` as its last commit of the pipeline.
  void set_progress(std::string pipeline, std::string commit_id,
                    std::vector<ProgressUpdate> updates);
  // A table of this transaction gets this one instead.
  void set_commit_id(const TableIdent& table, std::string commit_id);

  // Errors: those of Catalog::commit() and Action::apply(); conflict only after the last attempt,
  // if an action refuses a base that is the newest, or if it took too long: its files may be gone.
  Result<> commit(int max_attempts = 5);

 private:
  struct Change {
    Table* table;
    std::unique_ptr<Action> action;
  };
  // A table's new head, while it is being made.
  struct Head {
    Table* table;
    std::shared_ptr<TableMetadata> metadata;
    std::string location;
    std::vector<std::string> droppable;  // old metadata files, once this is committed
    bool moved() const { return location != table->metadata_location; }
  };
  Result<> try_commit(int attempt);
  Result<> swap_pointers(const std::vector<Head>& heads);
  Result<std::vector<Head>> make_heads(FileIo& staged, int attempt);
  Result<bool> refresh();  // whether any table has moved
  Catalog& catalog_;
  FileIo& io_;
  StagedFileIo new_files_;
  const std::int64_t began_us_, longest_us_;
  std::vector<Change> changes_;
  std::string pipeline_;
  std::string commit_id_;
  std::map<TableIdent, std::string> commit_ids_;  // those that differ
  std::vector<ProgressUpdate> progress_;
};

}  // namespace tradelake::iceberg
