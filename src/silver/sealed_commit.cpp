#include "silver/sealed_commit.h"

#include <algorithm>

#include "iceberg/transaction.h"

namespace tradelake::silver {

std::vector<const CandleChange*> SealedCommit::changes() const {
  std::vector<const CandleChange*> all{&minutes.change()};
  for (const auto& change : larger) all.push_back(&change);
  return all;
}

bool SealedCommit::has_candles() const {
  const auto all = changes();
  return !std::ranges::all_of(all, &CandleChange::empty);
}

std::size_t SealedCommit::null_sums() const {
  std::size_t count = 0;
  for (const auto* change : changes()) count += change->null_sums();
  return count;
}

Result<> add_candles(iceberg::Transaction& transaction,
                     std::span<const CandleChange* const> changes,
                     const iceberg::SnapshotNote& note, SilverTables& tables) {
  auto& io = transaction.new_files();
  for (std::size_t n = 0; n < changes.size(); ++n) {
    if (changes[n]->empty()) continue;
    TL_ASSIGN(auto action, changes[n]->action(tables.candles[n], io, note));
    transaction.add(tables.candles[n], std::move(action));
  }
  TL_ASSIGN(auto revisions, write_revisions(changes, tables.revisions, io));
  if (!revisions.empty())
    transaction.add(tables.revisions, iceberg::append_files(std::move(revisions), note));
  return {};
}

Result<> write(const SealedCommit& sealed, const BesideCandles& beside, const std::string& pipeline,
               const iceberg::SnapshotNote& note, const bronze::Lake& lake, SilverTables& tables) {
  iceberg::Transaction transaction(lake.catalog, lake.io);
  auto& io = transaction.new_files();
  const auto append = [&](iceberg::Table& table, std::vector<iceberg::DataFile> files) {
    if (!files.empty()) transaction.add(table, iceberg::append_files(std::move(files), note));
  };
  TL_TRY(add_candles(transaction, sealed.changes(), note, tables));
  TL_ASSIGN(auto late,
            beside.late.write_files(io, tables.late_trades, beside.markets, beside.topics));
  append(tables.late_trades, std::move(late));
  TL_ASSIGN(auto gaps, beside.gaps.write_files(io, tables.gaps));
  append(tables.gaps, std::move(gaps));
  transaction.set_progress(pipeline, sealed.commit_id, sealed.updates);
  return transaction.commit();
}

}  // namespace tradelake::silver
