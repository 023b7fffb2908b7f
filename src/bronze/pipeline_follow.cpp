// The part of Pipeline that reads along with the processes that commit.
#include <algorithm>
#include <thread>

#include <spdlog/spdlog.h>

#include "bronze/pipeline.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t look_every_us = us_per_second / 4;

}  // namespace

Result<> Pipeline::follow(std::stop_token stop) {
  stop_ = stop;
  running_ = true;
  auto begun = when_available("follow", stop, [&] { return take_all(); });
  if (!begun) return stop.stop_requested() ? Result<>() : begun;
  std::int64_t next_look_us = 0;
  while (!stop.stop_requested()) {
    if (has_room()) {
      TL_ASSIGN(const auto chunk, reader_->poll(poll_wait));
      if (!chunk.where.topic.empty()) TL_TRY(consume_all(chunk));
    } else {
      std::this_thread::sleep_for(poll_wait);
    }
    if (now_us() < next_look_us) continue;
    auto looked = look();
    if (!looked && looked.error().code != Errc::unavailable) return looked;
    const std::lock_guard lock(mutex_);
    commit_status_.delayed_commits += !looked;
    commit_status_.waits = !looked;
    next_look_us = now_us() + look_every_us;
  }
  return {};
}

// From what the catalog says, and without anything in memory.
Result<> Pipeline::take_all() {
  TL_ASSIGN(auto heads, read_heads());
  TL_ASSIGN(const auto offsets, lake_.log.offsets());
  std::vector<log::TopicPartition> partitions;
  for (const auto& [where, range] : offsets) {
    if (reads(where)) partitions.push_back(where);
  }
  Positions positions;
  TL_TRY(positions.load(heads.progress, lake_.log, name_, partitions));
  {
    const std::lock_guard lock(mutex_);
    forget();
    counts_ = {};
    positions_ = std::move(positions);
    install(std::move(heads));
    for (const auto& [where, position] : positions_) taken(position);
  }
  reader_->assign(positions_.next_offsets());
  return {};
}

Result<> Pipeline::look() {
  TL_ASSIGN(auto heads, read_heads());
  bool goes_on = false;
  {
    const std::lock_guard lock(mutex_);
    goes_on = positions_.committed_elsewhere(heads.progress);
    if (goes_on) {
      install(std::move(heads));
      drop_committed();
      commit_status_.committed += counts_;
      counts_ = {};
    }
  }
  if (goes_on) return settle();
  // The lake was rolled back, or goes on with another topic.
  spdlog::warn("event=followed_anew pipeline={}", name_);
  return take_all();
}

// Together as they are in the catalog. Only files of heads that have moved are read.
Result<Pipeline::Heads> Pipeline::read_heads() {
  std::vector<iceberg::TableIdent> names;
  for (const auto* table : tables_) names.push_back(table->ident);
  TL_ASSIGN(auto cut, lake_.catalog.cut(names, name_));
  while (true) {
    auto heads = heads_of(names, cut);
    if (heads || heads.error().code != Errc::corrupt) return heads;
    // As load_table() does: a file that others have dropped since belongs to no head any more.
    TL_ASSIGN(auto now, lake_.catalog.cut(names, name_));
    if (now.locations == cut.locations) return heads;
    cut = std::move(now);
  }
}

Result<Pipeline::Heads> Pipeline::heads_of(std::span<const iceberg::TableIdent> names,
                                           const iceberg::CatalogCut& cut) const {
  Heads heads{{}, cut.progress};
  for (std::size_t n = 0; n < tables_.size(); ++n) {
    const auto& location = cut.locations[n];
    if (location == tables_[n]->metadata_location) {
      heads.tables.push_back(*tables_[n]);
      continue;
    }
    TL_ASSIGN(auto table, iceberg::load_table_at(lake_.io, names[n], location));
    heads.tables.push_back(std::move(table));
  }
  return heads;
}

void Pipeline::install(Heads heads) {
  bool moved = false;
  for (std::size_t n = 0; n < tables_.size(); ++n) {
    const auto& head = heads.tables[n];
    const auto* snapshot = head.metadata->current_snapshot();
    moved |= head.metadata_location != tables_[n]->metadata_location;
    if (snapshot != nullptr) {
      commit_status_.last_commit_us =
          std::max(commit_status_.last_commit_us, snapshot->timestamp_ms * us_per_ms);
    }
  }
  take_tables(std::move(heads.tables));
  commit_status_.commits += moved;
}

}  // namespace tradelake::bronze
