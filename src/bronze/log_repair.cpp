#include "bronze/log_repair.h"

#include <algorithm>
#include <list>
#include <map>

#include <fmt/format.h>

#include "bronze/commit_summary.h"
#include "bronze/log_fit.h"
#include "bronze/positions.h"
#include "bronze/take_over.h"
#include "bybit/category.h"
#include "core/time.h"
#include "iceberg/transaction.h"
#include "log/coverage_records.h"
#include "log/topic.h"

namespace tradelake::bronze {
namespace {

// Nothing if the row fits the log.
std::optional<LogMismatch> compare(const std::string& pipeline, const iceberg::ProgressRow& row,
                                   const std::string& topic_id, const log::OffsetRange& range) {
  const auto wrong = misfit(row, topic_id, range);
  if (!wrong) return std::nullopt;
  LogMismatch mismatch{pipeline, row, row, {}};
  auto& repaired = mismatch.repaired;
  repaired.topic_id = topic_id;
  repaired.next_offset = *wrong == Misfit::ends_before ? range.end : range.start;
  switch (*wrong) {
    case Misfit::recreated:
      mismatch.what = "was recreated";
      break;
    case Misfit::ends_before:
      mismatch.what = "ends before the committed offset";
      break;
    case Misfit::starts_after:
      mismatch.what = "starts after the committed offset";
      break;
  }
  repaired.replay_from = repaired.next_offset;
  repaired.lost_until_us = std::max(row.lost_until_us, row.max_trade_time_us);
  // Whoever still works from the old row is fenced, even if the offset is the same.
  ++repaired.epoch;
  return mismatch;
}

// Of all markets of each topic concerned: trades from the oldest candle that was not closed.
std::vector<log::MarketGap> gaps_of(std::span<const LogMismatch> mismatches,
                                    std::int64_t grace_us) {
  std::map<bybit::Category, std::int64_t> from;
  for (const auto& mismatch : mismatches) {
    const auto& [pipeline, row, repaired, what] = mismatch;
    if (!row.max_trade_time_us) continue;
    for (std::size_t n = 0; n < bybit::category_names.size(); ++n) {
      if (row.topic != log::topic_name(bybit::category_names[n], log::trade_stream)) continue;
      const std::int64_t open_us = *row.max_trade_time_us - lateness_us - grace_us;
      auto& least = from.try_emplace(static_cast<bybit::Category>(n), open_us).first->second;
      least = std::min(least, open_us);
    }
  }
  std::vector<log::MarketGap> gaps;
  const std::int64_t now = now_us();
  for (const auto& [category, from_us] : from)
    gaps.push_back({category, log::all_markets, "", {from_us, std::max(now, from_us), "log_lost"}});
  return gaps;
}

// The tables that the pipeline has written carry the new offsets, too: the next start compares.
Result<> repair_pipeline(const Lake& lake, const std::string& pipeline,
                         std::vector<iceberg::ProgressUpdate> updates) {
  TL_ASSIGN(const auto written, lake.catalog.table_commits(pipeline));
  const auto commit_id = new_commit_id();
  std::list<iceberg::Table> tables;  // keeps its elements in place
  iceberg::Transaction transaction(lake.catalog, lake.io);
  for (const auto& commit : written) {
    TL_ASSIGN(auto table, iceberg::load_table(lake.catalog, lake.io, commit.table));
    tables.push_back(std::move(table));
    transaction.add(tables.back(),
                    iceberg::append_files({}, repair_note(pipeline, commit_id, updates)));
  }
  transaction.set_progress(pipeline, commit_id, std::move(updates));
  return transaction.commit();
}

}  // namespace

Result<std::vector<LogMismatch>> find_mismatches(const Lake& lake,
                                                 std::span<const std::string> pipelines) {
  TL_TRY(lake.log.ensure_topics(log::frame_topics()));
  TL_ASSIGN(const auto infos, lake.log.topics());
  TL_ASSIGN(const auto offsets, lake.log.offsets());
  std::vector<LogMismatch> mismatches;
  for (const auto& pipeline : pipelines) {
    TL_TRY(check_not_sparks(lake.catalog, pipeline));
    TL_ASSIGN(const auto rows, lake.catalog.progress(pipeline));
    for (const auto& row : rows) {
      const auto info = std::ranges::find(infos, row.topic, &log::TopicInfo::name);
      const auto range = offsets.find({row.topic, row.partition});
      if (info == infos.end() || range == offsets.end()) {
        return make_error(Errc::corrupt,
                          "topic {} has no partition {} any more; its number of "
                          "partitions cannot be changed",
                          row.topic, row.partition);
      }
      if (auto mismatch = compare(pipeline, row, info->id, range->second))
        mismatches.push_back(*std::move(mismatch));
    }
  }
  return mismatches;
}

Result<> repair(const Lake& lake, std::span<const LogMismatch> mismatches, std::int64_t grace_us) {
  // Before the rows: a kill in between leaves the mismatch, and the gap is told again.
  if (const auto gaps = gaps_of(mismatches, grace_us); !gaps.empty()) {
    TL_ASSIGN(const auto writer, lake.log.writer());
    TL_TRY(writer->append(log::gap_records(gaps).records, ""));
  }
  std::map<std::string, std::vector<iceberg::ProgressUpdate>> updates;
  for (const auto& mismatch : mismatches)
    updates[mismatch.pipeline].push_back({mismatch.found, mismatch.repaired});
  for (auto& [pipeline, rows] : updates) TL_TRY(repair_pipeline(lake, pipeline, std::move(rows)));
  return {};
}

}  // namespace tradelake::bronze
