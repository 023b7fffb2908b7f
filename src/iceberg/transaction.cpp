#include "iceberg/transaction.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

#include "core/time.h"
#include "iceberg/metadata_action.h"
#include "iceberg/metadata_log.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {
namespace {

// Between attempts: doubling from 10 ms to 1 s, less a random half so that two writers part.
std::chrono::milliseconds back_off(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto longest = std::min(1000, 10 << std::min(attempt, 7));
  return std::chrono::milliseconds(std::uniform_int_distribution<>(longest / 2, longest)(random));
}

}  // namespace

Transaction::Transaction(Catalog& catalog, FileIo& io, std::int64_t longest_us)
    : catalog_(catalog), io_(io), new_files_(io), began_us_(now_us()), longest_us_(longest_us) {}

void Transaction::add(Table& table, std::unique_ptr<Action> action) {
  changes_.push_back({&table, std::move(action)});
}

void Transaction::set_progress(std::string pipeline, std::string commit_id,
                               std::vector<ProgressUpdate> updates) {
  pipeline_ = std::move(pipeline);
  commit_id_ = std::move(commit_id);
  progress_ = std::move(updates);
  // One order of rows for every writer, so that two of them cannot wait for each other.
  std::ranges::sort(progress_, {}, [](const ProgressUpdate& update) {
    return std::pair(std::string_view(update.updated.topic), update.updated.partition);
  });
}

void Transaction::set_commit_id(const TableIdent& table, std::string commit_id) {
  commit_ids_[table] = std::move(commit_id);
}

Result<> Transaction::commit(int max_attempts) {
  auto turn = catalog_.turn(CommitQueue::Company::others);
  for (int attempt = 1;; ++attempt) {
    auto done = try_commit(attempt);
    if (done || done.error().code != Errc::conflict || attempt >= max_attempts) return done;
    // Who has lost once goes alone, so as not to lose to the same writer for ever. Where there is
    // no queue, two writers part by waiting for different times.
    turn.reset();
    turn = catalog_.turn(CommitQueue::Company::none);
    if (turn == nullptr) std::this_thread::sleep_for(back_off(attempt));
    TL_ASSIGN(const bool moved, refresh());
    if (!moved) return done;
  }
}

Result<> Transaction::try_commit(int attempt) {
  StagedFileIo staged(io_);
  TL_ASSIGN(auto heads, make_heads(staged, attempt));
  auto files = new_files_.take();
  auto of_attempt = staged.take();
  std::vector<std::string> uris;
  for (const auto& file : of_attempt) uris.push_back(file.uri);
  std::ranges::move(of_attempt, std::back_inserter(files));
  // Everything a pointer will lead to is durable before the pointer moves.
  if (!files.empty()) TL_TRY(io_.write_all(files));
  if (auto done = swap_pointers(heads); !done) {
    if (done.error().code == Errc::conflict) (void)io_.remove_all(uris);  // what stays is an orphan
    return done;
  }

  std::vector<std::string> droppable;
  for (auto& head : heads) {
    if (!head.moved()) continue;
    head.table->metadata_location = std::move(head.location);
    head.table->metadata = std::move(head.metadata);
    std::ranges::move(head.droppable, std::back_inserter(droppable));
  }
  // The commit stands whether or not this works; what stays is an orphan.
  if (!droppable.empty()) (void)io_.remove_all(droppable);
  return {};
}

Result<> Transaction::swap_pointers(const std::vector<Head>& heads) {
  if (const auto took_us = now_us() - began_us_; took_us > longest_us_) {
    return make_error(Errc::conflict,
                      "the commit took {} s (allowed: {} s); its first files may have been removed",
                      took_us / us_per_second, longest_us_ / us_per_second);
  }
  CatalogCommit commit;
  commit.pipeline = pipeline_;
  commit.progress = progress_;
  for (const auto& head : heads) {
    const auto& ident = head.table->ident;
    if (head.moved()) commit.swaps.push_back({ident, head.table->metadata_location, head.location});
    if (pipeline_.empty()) continue;
    const auto own = commit_ids_.find(ident);
    commit.table_commits.push_back({ident, own == commit_ids_.end() ? commit_id_ : own->second});
  }
  if (commit.swaps.empty() && pipeline_.empty()) return {};
  return catalog_.commit(commit);
}

Result<std::vector<Transaction::Head>> Transaction::make_heads(FileIo& staged, int attempt) {
  std::vector<Head> heads;
  for (const auto& change : changes_) {
    auto head = std::ranges::find(heads, change.table, &Head::table);
    const auto& base = head == heads.end() ? *change.table->metadata : *head->metadata;
    auto next = change.action->apply(base, staged, attempt);
    if (!next) return in_context(std::move(next).error(), to_string(change.table->ident));
    if (head == heads.end()) head = heads.insert(head, {change.table, {}, {}, {}});
    head->metadata = std::make_shared<TableMetadata>(*std::move(next));
  }
  std::ranges::sort(heads, {}, [](const Head& head) { return head.table->ident; });
  for (auto& head : heads) {
    const auto& table = *head.table;
    if (same_metadata(*table.metadata, *head.metadata)) {
      head.location = table.metadata_location;
      continue;
    }
    head.droppable = log_previous_metadata(*head.metadata, table.metadata_location,
                                           table.metadata->last_updated_ms);
    head.location = next_metadata_location(*head.metadata, table.metadata_location);
    TL_TRY(staged.write_new(head.location, to_json(*head.metadata)));
  }
  return heads;
}

Result<bool> Transaction::refresh() {
  bool moved = false;
  for (const auto& change : changes_) {
    auto& table = *change.table;
    TL_ASSIGN(const auto location, catalog_.metadata_location(table.ident));
    if (location == table.metadata_location) continue;
    TL_ASSIGN(auto fresh, load_table(catalog_, io_, table.ident));
    if (fresh.metadata->table_uuid != table.metadata->table_uuid) {
      return make_error(Errc::corrupt, "table {} was dropped and made anew (its uuid is now {})",
                        to_string(table.ident), fresh.metadata->table_uuid);
    }
    table = std::move(fresh);
    moved = true;
  }
  return moved;
}

}  // namespace tradelake::iceberg
