#include "api/metrics.h"

#include <algorithm>

#include "api/metrics_text.h"
#include "api/routes.h"
#include "bronze/reason.h"
#include "core/time.h"

namespace tradelake::api {
namespace {

constexpr std::string_view bronze_name = bronze::Sink::pipeline;
constexpr std::string_view silver_name = silver::Candles::pipeline;

// The pipelines of this process, each with what it knew at the moment of the scrape.
struct Pipelines {
  std::optional<bronze::SinkStatus> sink;
  std::optional<silver::CandlesStatus> candles;

  void each(const std::function<void(std::string_view, const bronze::CommitStatus&)>& see) const {
    if (sink) see(bronze_name, *sink);
    if (candles) see(silver_name, *candles);
  }
};

void trades(MetricsText& text, const Pipelines& pipelines) {
  const auto each = [&](std::int64_t bronze::CommitCounts::* count) {
    pipelines.each([&](auto name, const auto& status) {
      text.sample(status.committed.*count, {{"pipeline", name}});
    });
  };
  text.counter("tradelake_trades_in_total",
               "Trades read from the log and committed, bad frames as one each.");
  each(&bronze::CommitCounts::in);
  text.counter("tradelake_trades_ok_total",
               "Trades that became rows (bronze) or entered candles or late_trades (silver).");
  each(&bronze::CommitCounts::ok);
  text.counter("tradelake_trades_filtered_total",
               "Repeats of trades that are in the tables, and expired ones.");
  each(&bronze::CommitCounts::filtered);
  text.counter("tradelake_trades_expired_total",
               "Of the filtered: past the retention of their table when they came.");
  each(&bronze::CommitCounts::expired);
  text.gauge("tradelake_conservation_error",
             "In less ok, dead and filtered: anything but 0 is a defect.");
  pipelines.each([&](auto name, const auto& status) {
    text.sample(status.committed.error(), {{"pipeline", name}});
  });
}

void commits(MetricsText& text, const Pipelines& pipelines) {
  const std::int64_t now = now_us();
  text.counter("tradelake_commits_total", "Catalog transactions since the process started.");
  pipelines.each(
      [&](auto name, const auto& status) { text.sample(status.commits, {{"pipeline", name}}); });
  text.counter("tradelake_delayed_commits_total",
               "Attempts for which the catalog or the warehouse was away.");
  pipelines.each([&](auto name, const auto& status) {
    text.sample(status.delayed_commits, {{"pipeline", name}});
  });
  text.gauge("tradelake_waiting",
             "1 while catalog or warehouse are away and the last attempt is to be repeated.");
  pipelines.each(
      [&](auto name, const auto& status) { text.sample(status.waits, {{"pipeline", name}}); });
  text.gauge("tradelake_last_commit_age_seconds",
             "Time since the last commit; absent before the first.");
  pipelines.each([&](auto name, const auto& status) {
    if (status.last_commit_us != 0) {
      text.seconds(std::max<std::int64_t>(0, now - status.last_commit_us), {{"pipeline", name}});
    }
  });
  text.histogram("tradelake_commit_duration_seconds",
                 "From the sealed rows to the catalog's answer; attempts that came to nothing are "
                 "not in it.");
  pipelines.each(
      [&](auto name, const auto& status) { text.durations(status.took, {{"pipeline", name}}); });
}

void sink_metrics(MetricsText& text, const bronze::SinkStatus& sink) {
  text.counter("tradelake_dead_letters_total",
               "Bad trades and bad frames, by the first check that failed.");
  for (const auto reason : bronze::reason_names) {
    const auto found = sink.dead_by_reason.find(std::string(reason));
    text.sample(found == sink.dead_by_reason.end() ? 0 : found->second, {{"reason", reason}});
  }
  text.counter("tradelake_klines_total",
               "The exchange's own candles: closed ones that became rows, repeats of these, and "
               "pushes of open ones.");
  text.sample(sink.klines.stored, {{"kind", "stored"}})
      .sample(sink.klines.repeats, {{"kind", "repeat"}})
      .sample(sink.klines.open, {{"kind", "open"}});
  text.counter("tradelake_klines_unreadable_total",
               "Candles of the exchange, or frames of them, that could not be read, by the first "
               "check that failed; the frames are in the log.");
  for (std::size_t n = 0; n < bronze::reason_names.size(); ++n)
    text.sample(sink.klines.unreadable[n], {{"reason", bronze::reason_names[n]}});
  text.gauge("tradelake_uncommitted_rows", "Trades that are served but not in the table yet.");
  text.sample(static_cast<std::int64_t>(sink.uncommitted_rows));
}

void candle_metrics(MetricsText& text, const silver::CandlesStatus& candles) {
  text.counter("tradelake_late_trades_total",
               "Trades that came after their candle's grace period.");
  text.sample(candles.late_trades);
  text.counter("tradelake_candles_written_total", "1m candles written for the first time.");
  text.sample(candles.candles_written);
  text.counter("tradelake_candles_revised_total", "1m candles corrected after they were written.");
  text.sample(candles.candles_revised);
  text.counter("tradelake_null_sums_total", "Written candles with a sum that left decimal(38,18).");
  text.sample(candles.null_sums);
  text.gauge("tradelake_open_candles", "Candles in memory: open, or within grace.");
  text.sample(static_cast<std::int64_t>(candles.open_candles));
}

void source_metrics(MetricsText& text, const SourceStatus& source) {
  const auto& frames = source.collector.frames;
  text.counter("tradelake_frames_total", "Frames received, by what became of them.");
  text.sample(frames.logged, {{"kind", "logged"}}).sample(frames.control, {{"kind", "control"}});
  text.sample(frames.skipped, {{"kind", "skipped"}})
      .sample(frames.unroutable, {{"kind", "unroutable"}});
  text.sample(frames.too_large, {{"kind", "too_large"}});
  text.counter("tradelake_frames_dropped_total",
               "Frames lost because the queue before the log was full.");
  text.sample(source.collector.dropped);
  text.counter("tradelake_coverage_gaps_total",
               "Spans of time in which a market was not received, one for each market.");
  text.sample(source.collector.gaps);
  text.counter("tradelake_received_bytes_total", "Bytes of frames taken from the queue.");
  text.sample(source.collector.bytes);
  text.gauge("tradelake_queue_bytes", "Bytes of frames that wait for the log.");
  text.sample(static_cast<std::int64_t>(source.collector.queued_bytes));
  text.counter("tradelake_reconnects_total", "Times a connection to the exchange was made anew.");
  text.sample(static_cast<std::int64_t>(source.reconnects));
  text.gauge("tradelake_last_frame_age_seconds",
             "Time since the last frame came; absent before the first.");
  if (source.last_frame_ns != 0)
    text.seconds(std::max<std::int64_t>(0, now_us() - source.last_frame_ns / 1000));
}

void lag(MetricsText& text, std::string_view pipeline, const log::LogRanges& log,
         const log::NextOffsets& consumed) {
  if (log.empty()) return;  // not known, which is not 0
  for (const auto& [where, offset] : consumed) {
    text.sample(log::records_ahead(log, {{where, offset}}),
                {{"pipeline", pipeline},
                 {"topic", where.topic},
                 {"partition", fmt::to_string(where.partition)}});
  }
}

void maintenance(MetricsText& text, const ops::MaintenanceStatus& status) {
  using Counts = ops::MaintenanceCounts;
  static constexpr struct {
    std::string_view name, help;
    std::int64_t Counts::* count;
  } counters[] = {
      {"tradelake_merges_total", "Compactions of several files of a partition.", &Counts::merges},
      {"tradelake_files_merged_total", "Data files that compactions have replaced.",
       &Counts::files_merged},
      {"tradelake_rows_merged_total", "Rows that compactions have written again.",
       &Counts::rows_merged},
      {"tradelake_partitions_dropped_total", "Partitions past the table's retention.",
       &Counts::partitions_dropped},
      {"tradelake_snapshots_expired_total", "Snapshots that were forgotten.",
       &Counts::snapshots_expired},
      {"tradelake_files_freed_total", "Files deleted, as no snapshot needed them.",
       &Counts::files_freed},
      {"tradelake_orphans_removed_total", "Files deleted, as nothing had ever led to them.",
       &Counts::orphans_removed},
      {"tradelake_maintenance_failures_total",
       "Attempts that failed; each is told in the log and tried again.", &Counts::failures}};
  for (const auto& [name, help, count] : counters) {
    text.counter(name, help);
    for (const auto& [table, counts] : status.tables)
      text.sample(counts.*count, {{"table", table}});
  }
  text.gauge("tradelake_maintenance_last_pass_seconds",
             "When all tables had been looked at last, seconds since the epoch.");
  text.sample(status.last_pass_us / us_per_second, {});
}

}  // namespace

std::string metrics(const MetricSources& sources) {
  Pipelines pipelines;
  if (sources.sink != nullptr) pipelines.sink = sources.sink->status();
  if (sources.candles != nullptr) pipelines.candles = sources.candles->status();
  MetricsText text;
  trades(text, pipelines);
  commits(text, pipelines);
  if (pipelines.sink) sink_metrics(text, *pipelines.sink);
  if (pipelines.candles) candle_metrics(text, *pipelines.candles);
  if (sources.source) source_metrics(text, *sources.source);
  text.gauge("tradelake_lag_records",
             "Records of a partition that the pipeline has not read yet; of its own partitions.");
  if (sources.sink != nullptr)
    lag(text, bronze_name, sources.log, sources.sink->consumed_offsets());
  if (sources.candles != nullptr)
    lag(text, silver_name, sources.log, sources.candles->consumed_offsets());
  if (sources.maintainer != nullptr) maintenance(text, sources.maintainer->status());
  return std::move(text).take();
}

Answer<Response> get_metrics(Lake& lake, const Query&) {
  const auto source = lake.context.source();
  return metrics_response(
      {&lake.context.sink, &lake.context.candles, source, source.log, lake.context.maintainer});
}

Response readiness(bool ready) {
  return {ready ? 200 : 503, "text/plain; charset=utf-8", ready ? "ready\n" : "not ready\n", {}};
}

Response metrics_response(const MetricSources& sources) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", metrics(sources), {}};
}

}  // namespace tradelake::api
