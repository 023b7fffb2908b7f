#include "ops/pipeline_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "bronze/log_fit.h"
#include "core/time.h"
#include "log/topic.h"
#include "ops/units.h"

namespace tradelake::ops {
namespace {

constexpr std::size_t most_shown = 6;
constexpr std::int64_t worrying_percent = 10;  // of what is retained, before it is gone

// "linear.publicTrade/0: 12, …"
std::string list(const std::vector<std::pair<log::TopicPartition, std::string>>& items) {
  constexpr std::string_view common = "bybit.v5.";
  std::string text;
  for (std::size_t n = 0; n < std::min(items.size(), most_shown); ++n) {
    const auto& [where, what] = items[n];
    const std::string_view topic = where.topic;
    text += fmt::format("{}{}/{}{}", n == 0 ? "" : ", ",
                        topic.starts_with(common) ? topic.substr(common.size()) : topic,
                        where.partition, what.empty() ? "" : ": " + what);
  }
  if (items.size() > most_shown) text += fmt::format(" and {} more", items.size() - most_shown);
  return text;
}

std::string commit_text(const PipelineStanding& pipeline) {
  return pipeline.has_committed
             ? fmt::format("last commit {} ago",
                           time_text(std::max<std::int64_t>(pipeline.idle_us, 0)))
             : std::string("no commit yet");
}

bool contains(const auto& range, const auto& value) {
  return std::ranges::find(range, value) != range.end();
}

bool is_bronze(const std::string& pipeline) {
  return pipeline == "bronze";
}

std::string stage_of(const std::string& pipeline) {
  return is_bronze(pipeline) ? "sink" : "candles";
}

std::vector<std::string> topics_of(const std::string& pipeline) {
  return is_bronze(pipeline) ? log::frame_topics() : log::market_topics();
}

}  // namespace

Check judge_pipeline(const PipelineStanding& pipeline) {
  Check check{"pipeline " + pipeline.name};
  const auto finding = [&](CheckStatus status, std::string detail, std::string action) {
    check.status = status;
    check.detail = std::move(detail);
    check.action = std::move(action);
    return check;
  };
  if (!pipeline.lost.empty()) {
    return finding(CheckStatus::failed,
                   fmt::format("the log is not the one the tables were written from: {}",
                               fmt::join(pipeline.lost, "; ")),
                   "restore the log, or go on with this one: tradelake repair log");
  }
  std::int64_t lag = 0;
  std::vector<std::pair<log::TopicPartition, std::string>> behind, waiting, nearly_gone;
  for (const auto& one : pipeline.partitions) {
    const std::int64_t records = one.range.end - std::max(one.next_offset, one.range.start);
    if (records <= 0) continue;
    lag += records;
    behind.emplace_back(one.where, fmt::to_string(records));
    if (one.waiting) waiting.emplace_back(one.where, fmt::to_string(records));
    const auto kept = one.range.end - one.range.start;
    if (pipeline.log_retains_by_time && one.range.start > 0 &&
        one.next_offset - one.range.start < kept * worrying_percent / 100)
      nearly_gone.emplace_back(one.where, "");
  }
  const auto start_stage = fmt::format(
      "see that `tradelake {}` (or `run`) is running, and what it logs", stage_of(pipeline.name));
  if (!waiting.empty() && pipeline.idle_us > pipeline.stale_after_us) {
    return finding(
        CheckStatus::failed,
        fmt::format("stale: records wait for more than {} ({}), {}",
                    time_text(pipeline.stale_after_us), list(waiting), commit_text(pipeline)),
        start_stage);
  }
  if (!nearly_gone.empty()) {
    return finding(
        CheckStatus::warning,
        fmt::format("retention is about to remove records that are not in the tables: {}",
                    list(nearly_gone)),
        "raise retention.ms of these topics until the pipeline has caught up; " + start_stage);
  }
  if (!waiting.empty()) {
    return finding(
        CheckStatus::warning,
        fmt::format("behind by more than {}, though it commits: {} records ({}), {}",
                    time_text(pipeline.stale_after_us), lag, list(waiting), commit_text(pipeline)),
        "wait until it has caught up; if it does not, give it more of the processor, or "
        "start another process of the stage where the log is Kafka");
  }
  check.detail = lag == 0 ? fmt::format("at the log's end, {}", commit_text(pipeline))
                          : fmt::format("{} records behind ({}), {}", lag, list(behind),
                                        commit_text(pipeline));
  return check;
}

namespace {

// Of a pipeline that has not committed: when the last of its tables was made.
std::int64_t tables_made_us(const TableHeads& heads, const std::string& name_space) {
  std::int64_t made_ms = 0;
  for (const auto& head : heads.tables) {
    if (head.table && head.ident.name_space == name_space)
      made_ms = std::max(made_ms, head.table->metadata->last_updated_ms);
  }
  return made_ms * us_per_ms;
}

// What the log says about the progress rows; partitions without one are read from their start.
Result<PipelineStanding> standing(const std::string& name, log::LogView& view,
                                  const TableHeads& heads, const PipelineLook& look) {
  PipelineStanding pipeline;
  pipeline.name = name;
  pipeline.stale_after_us = look.stale_after_us;
  pipeline.log_retains_by_time = look.log_retains_by_time;
  TL_ASSIGN(const auto topics, view.topics());
  TL_ASSIGN(const auto offsets, view.offsets());
  log::NextOffsets next;
  for (const auto& topic : topics_of(name)) {
    for (const auto& [where, range] : offsets)
      if (where.topic == topic) next[where] = range.start;
  }
  for (const auto& row : heads.progress.at(name)) {
    const log::TopicPartition where{row.topic, row.partition};
    if (contains(look.missing_topics, row.topic)) continue;
    const auto topic = std::ranges::find(topics, row.topic, &log::TopicInfo::name);
    const auto range = offsets.find(where);
    const auto lost = [&](const std::string& what) {
      pipeline.lost.push_back(fmt::format("{} partition {} {}", row.topic, row.partition, what));
      next.erase(where);
    };
    if (topic == topics.end() || range == offsets.end()) {
      lost("is no longer in it");
      continue;
    }
    const auto wrong = bronze::misfit(row, topic->id, range->second);
    if (!wrong) {
      next[where] = row.next_offset;
      continue;
    }
    switch (*wrong) {
      case bronze::Misfit::recreated:
        lost("was recreated");
        break;
      case bronze::Misfit::ends_before:
        lost(fmt::format("ends at {}, before {}", range->second.end, row.next_offset));
        break;
      case bronze::Misfit::starts_after:
        lost(fmt::format("starts at {}, after {}", range->second.start, row.next_offset));
        break;
    }
  }
  log::NextOffsets behind;
  for (const auto& [where, offset] : next)
    if (offset < offsets.at(where).end) behind[where] = offset;
  TL_ASSIGN(const auto waiting, view.waiting_since(look.now_us - look.stale_after_us, behind));
  for (const auto& [where, offset] : next) {
    pipeline.partitions.push_back({where, offset, offsets.at(where), contains(waiting, where)});
  }
  const auto last_us = last_commit_us(heads, name);
  pipeline.has_committed = last_us > 0;
  pipeline.idle_us = look.now_us - (last_us > 0 ? last_us : tables_made_us(heads, name));
  return pipeline;
}

Check check_pipeline(const std::string& name, log::LogView* view, const TableHeads& heads,
                     const PipelineLook& look) {
  const std::string title = "pipeline " + name;
  const bool committed = !heads.progress.at(name).empty();
  const bool has_tables = std::ranges::any_of(
      heads.tables, [&](const TableHead& head) { return head.ident.name_space == name; });
  if (!committed && !has_tables) {
    return {title, CheckStatus::info,
            fmt::format("has never run (`tradelake {}` or `run` does it)", stage_of(name))};
  }
  if (view == nullptr && committed) {
    return {title, CheckStatus::failed, "it has read a log that is not there any more",
            "restore the log, or go on with this one: tradelake repair log"};
  }
  if (view == nullptr) return {title, CheckStatus::ok, "there is no log yet"};
  const auto found = standing(name, *view, heads, look);
  if (!found) return {title, CheckStatus::failed, found.error().message, "see the log"};
  return judge_pipeline(*found);
}

}  // namespace

std::vector<Check> check_pipelines(log::LogView* view, const TableHeads& heads,
                                   const PipelineLook& look) {
  std::vector<Check> checks;
  for (const auto* name : pipelines) checks.push_back(check_pipeline(name, view, heads, look));
  return checks;
}

}  // namespace tradelake::ops
