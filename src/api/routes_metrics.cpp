// /metrics: what the pipelines and the source know, read at the moment of the scrape.
#include <algorithm>

#include "api/metrics_text.h"
#include "api/routes.h"
#include "bronze/reason.h"
#include "core/time.h"

namespace tradelake::api {
namespace {

constexpr std::string_view bronze_name = bronze::Sink::pipeline;
constexpr std::string_view silver_name = silver::Candles::pipeline;

void trades(MetricsText& text, const bronze::SinkStatus& sink,
            const silver::CandlesStatus& candles) {
  const auto both = [&](std::int64_t bronze, std::int64_t silver) {
    text.sample(bronze, {{"pipeline", bronze_name}}).sample(silver, {{"pipeline", silver_name}});
  };
  text.counter("tradelake_trades_in_total",
               "Trades read from the log and committed, bad frames as one each.");
  both(sink.committed.in, candles.committed.in);
  text.counter("tradelake_trades_ok_total",
               "Trades that became rows (bronze) or entered candles or late_trades (silver).");
  both(sink.committed.ok, candles.committed.ok);
  text.counter("tradelake_trades_filtered_total", "Repeats of trades that are in the tables.");
  both(sink.committed.filtered, candles.committed.filtered);
  text.counter("tradelake_dead_letters_total",
               "Bad trades and bad frames, by the first check that failed.");
  for (const auto reason : bronze::reason_names) {
    const auto found = sink.dead_by_reason.find(std::string(reason));
    text.sample(found == sink.dead_by_reason.end() ? 0 : found->second, {{"reason", reason}});
  }
  text.gauge("tradelake_conservation_error",
             "In less ok, dead and filtered: anything but 0 is a defect.");
  both(sink.committed.error(), candles.committed.error());
}

void commits(MetricsText& text, const bronze::SinkStatus& sink,
             const silver::CandlesStatus& candles) {
  const std::int64_t now = now_us();
  const auto each = [&](auto write) {
    write(bronze_name, sink.commits, sink.last_commit_us, sink.last_commit_took_us);
    write(silver_name, candles.commits, candles.last_commit_us, candles.last_commit_took_us);
  };
  text.counter("tradelake_commits_total", "Catalog transactions since the process started.");
  each([&](auto name, auto count, auto, auto) { text.sample(count, {{"pipeline", name}}); });
  text.counter("tradelake_delayed_commits_total",
               "Attempts for which the catalog or the warehouse was away.");
  text.sample(sink.delayed_commits, {{"pipeline", bronze_name}})
      .sample(candles.delayed_commits, {{"pipeline", silver_name}});
  text.gauge("tradelake_last_commit_age_seconds",
             "Time since the last commit; absent before the first.");
  each([&](auto name, auto, auto last_us, auto) {
    if (last_us != 0) text.seconds(std::max<std::int64_t>(0, now - last_us), {{"pipeline", name}});
  });
  text.gauge("tradelake_last_commit_duration_seconds", "How long the last commit took.");
  each([&](auto name, auto, auto, auto took_us) { text.seconds(took_us, {{"pipeline", name}}); });
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

}  // namespace

Answer<Response> get_metrics(Lake& lake, const Query&) {
  const auto source = lake.context.source();
  const auto sink = lake.context.sink.status();
  const auto candles = lake.context.candles.status();
  MetricsText text;
  trades(text, sink, candles);
  commits(text, sink, candles);
  candle_metrics(text, candles);
  source_metrics(text, source);
  text.gauge("tradelake_lag_records", "Records of the log that the pipeline has not read yet.");
  text.sample(lag_records(source.log_end_records, lake.context.sink.consumed_offsets()),
              {{"pipeline", bronze_name}});
  text.sample(lag_records(source.log_end_records, lake.context.candles.consumed_offsets()),
              {{"pipeline", silver_name}});
  return Response{200, "text/plain; version=0.0.4; charset=utf-8", std::move(text).take(), {}};
}

}  // namespace tradelake::api
