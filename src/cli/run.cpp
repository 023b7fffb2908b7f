// `tradelake run`: everything in one process, embedded.
#include <algorithm>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "api/server.h"
#include "cli/command.h"
#include "cli/live_source.h"
#include "cli/opened_lake.h"
#include "cli/pipelines.h"
#include "cli/process.h"
#include "core/time.h"
#include "log/coverage_records.h"
#include "log/lag.h"
#include "log/topic.h"
#include "ops/maintainer.h"

namespace tradelake::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t max_records_ahead = 65'536;  // of a replay before the pipelines
constexpr std::int64_t trim_every_us = 10 * us_per_minute;

struct Flags {
  std::shared_ptr<SettingFlags> settings;
  bool exit_when_done = false;
};

class EmbeddedRun {
 public:
  EmbeddedRun(const Settings& settings, bool exit_when_done)
      : settings_(settings), exit_when_done_(exit_when_done) {}

  Result<> run(const sigset_t& signals) {
    TL_ASSIGN(lake_, OpenedLake::open_to_run(settings_));
    TL_ASSIGN(sink_, open_sink(settings_, lake_->lake()));
    TL_ASSIGN(candles_, open_candles(settings_, lake_->lake()));
    TL_TRY(open_maintenance());
    std::jthread sink([this](std::stop_token stop) { failure_.keep(sink_->run(stop, drain_us)); });
    std::jthread candles(
        [this](std::stop_token stop) { failure_.keep(candles_->run(stop, drain_us)); });
    std::jthread maintenance([this](std::stop_token stop) { maintainer_->run(stop); });
    const auto served = serve(signals);
    maintenance.request_stop();
    // The source is stopped by now: what is in the log is all there is. Both drain at once.
    sink.request_stop();
    candles.request_stop();
    sink.join();
    candles.join();
    maintenance.join();
    server_.reset();
    TL_TRY(served);
    if (const auto error = failure_.get()) return std::unexpected(*error);
    report_end();
    return {};
  }

 private:
  Result<> open_maintenance() {
    TL_ASSIGN(auto policy, ops::maintenance_policy(settings_));
    // Old captures are replayed to be looked at.
    policy.ttl = !settings_.text("source").starts_with("replay:");
    maintainer_.emplace(*lake_->catalog, *lake_->io, std::move(policy),
                        [this] { return most_ahead() >= lag_of_now; });
    return {};
  }

  Result<> serve(const sigset_t& signals) {
    SourceHooks hooks{[this](Error error) { failure_.set(std::move(error)); },
                      [this](std::stop_token stop) { wait_for_room(stop); }};
    TL_ASSIGN(const auto source, start_source(settings_, *lake_->log, std::move(hooks)));
    TL_ASSIGN(server_, api::Server::start(settings_.text("listen"),
                                          {*sink_, *candles_, *lake_->catalog, *lake_->io,
                                           [&] {
                                             auto status = source->status();
                                             if (auto log = lake_->log->offsets())
                                               status.log = *std::move(log);
                                             return status;
                                           },
                                           &*maintainer_, [&] { return is_ready(*source); }}));
    say_where("tradelake", settings_, server_->port());
    const auto result = watch(signals, failure_, [&] { return tick(*source); });
    source->stop();
    server_.reset();  // before the source it reads
    return result;
  }

  bool is_ready(const Source& source) const {
    return source.status().state != "reconnecting" && !sink_->status().waits &&
           !candles_->status().waits && most_ahead() < lag_of_now;
  }

  // True when a replay that was asked to end the process is committed.
  Result<bool> tick(const Source& source) {
    if (source.ended() && exit_when_done_) {
      sink_->commit_at_end();
      candles_->commit_at_end();
      TL_ASSIGN(const bool done, all_committed());
      if (done) return true;
    }
    const std::int64_t now = now_us();
    if (now >= next_status_us_) {
      next_status_us_ = now + status_interval_us();
      print_status(source.status());
    }
    if (now >= next_trim_us_) {
      next_trim_us_ = now + trim_every_us;
      if (const auto done = trim_log(); !done && done.error().code != Errc::unavailable)
        return std::unexpected(done.error());  // a catalog that is away: the next time will do
    }
    return false;
  }

  // Asked for once the source has ended: of the log as it is then, which others may go on filling.
  Result<bool> all_committed() {
    if (ends_to_reach_.empty()) {
      auto ends = lake_->log->offsets();
      if (!ends && ends.error().code == Errc::unavailable) return false;
      if (!ends) return std::unexpected(std::move(ends).error());
      ends_to_reach_ = *std::move(ends);
    }
    // What the catalog says: partitions may be another process's, or nobody's yet.
    for (const bronze::Pipeline* pipeline :
         {static_cast<const bronze::Pipeline*>(sink_.get()),
          static_cast<const bronze::Pipeline*>(candles_.get())}) {
      auto committed = committed_offsets(*lake_->catalog, pipeline->name());
      if (!committed && committed.error().code == Errc::unavailable) return false;
      if (!committed) return std::unexpected(std::move(committed).error());
      for (const auto& [where, range] : ends_to_reach_) {
        if (pipeline->reads(where)) committed->try_emplace(where, 0);
      }
      if (!log::reaches_the_end(ends_to_reach_, *committed)) return false;
    }
    return true;
  }

  // How many records the slower pipeline has still to read.
  std::int64_t most_ahead() const {
    const auto ends = lake_->log->offsets();
    if (!ends) return 0;
    return std::max(log::records_ahead(*ends, sink_->consumed_offsets()),
                    log::records_ahead(*ends, candles_->consumed_offsets()));
  }

  void wait_for_room(std::stop_token stop) const {
    while (!stop.stop_requested() && !failure_.get() && most_ahead() >= max_records_ahead) {
      std::this_thread::sleep_for(2ms);
    }
  }

  Result<> trim_log() {
    std::map<log::TopicPartition, std::int64_t> keep_from;
    for (const auto& pipeline : pipeline_names()) {
      TL_ASSIGN(const auto rows, lake_->catalog->progress(pipeline));
      for (const auto& row : rows) {
        const auto at = keep_from.try_emplace({row.topic, row.partition}, row.replay_from).first;
        at->second = std::min(at->second, row.replay_from);
      }
    }
    TL_ASSIGN(const auto offsets, lake_->log->offsets());
    for (const auto& [where, range] : offsets) {
      if (where.topic == log::coverage_topic)
        keep_from[where] = range.end - log::covered_records_kept;
    }
    return lake_->log->trim(now_us() - settings_.duration_us("retention.log"), keep_from);
  }

  void print_status(const api::SourceStatus& source) {
    const auto sink = sink_->status();
    const std::int64_t now = now_us();
    const std::int64_t seen = sink.committed.in + static_cast<std::int64_t>(sink.uncommitted_rows);
    const double seconds = static_cast<double>(now - last_status_us_) / 1e6;
    const double rate = last_status_us_ == 0 ? 0 : static_cast<double>(seen - last_seen_) / seconds;
    last_status_us_ = now;
    last_seen_ = seen;
    const auto age =
        sink.last_commit_us == 0
            ? std::string("never")
            : fmt::format("{:.1f} s ago", static_cast<double>(now - sink.last_commit_us) / 1e6);
    if (on_terminal()) {
      show_status(fmt::format(
          "{} {} | {:.0f} trades/s | lag {} frames | last commit {} | {} rows | {} dead "
          "letters",
          source.name, source.state, rate, most_ahead(), age, sink.committed.ok,
          sink.committed.dead));
    } else {
      spdlog::info(
          "event=status source={} state={} trades_per_s={:.0f} lag_frames={} last_commit=\"{}\" "
          "rows={} dead_letters={}",
          source.name, source.state, rate, most_ahead(), age, sink.committed.ok,
          sink.committed.dead);
    }
  }

  void report_end() const {
    const auto sink = sink_->status();
    const auto candles = candles_->status();
    fmt::print(
        "{}done: {} trades in, {} rows, {} dead letters, {} repeats; {} candles, {} revised, {} "
        "late trades\n",
        on_terminal() ? "\n" : "", sink.committed.in, sink.committed.ok, sink.committed.dead,
        sink.committed.filtered, candles.candles_written, candles.candles_revised,
        candles.late_trades);
  }

  Settings settings_;
  bool exit_when_done_;
  Failure failure_;
  std::optional<OpenedLake> lake_;
  std::unique_ptr<bronze::Sink> sink_;
  std::unique_ptr<silver::Candles> candles_;
  std::optional<ops::Maintainer> maintainer_;
  std::unique_ptr<api::Server> server_;
  std::int64_t next_status_us_ = 0;
  std::int64_t next_trim_us_ = now_us() + trim_every_us;
  std::map<log::TopicPartition, log::OffsetRange> ends_to_reach_;  // empty: not asked for yet
  std::int64_t last_status_us_ = 0;
  std::int64_t last_seen_ = 0;
};

}  // namespace

void add_run(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("run", "Everything in one process: collect, commit, serve");
  auto flags = std::make_shared<Flags>();
  flags->settings = SettingFlags::add(*command, {"data_dir", "source", "speed", "symbols", "listen",
                                                 "log", "catalog", "warehouse"});
  command->add_flag("--exit-when-done", flags->exit_when_done,
                    "End when a replay's file is committed in bronze and silver");
  command->callback([flags, &run] {
    run = [flags]() -> int {
      const auto settings = flags->settings->load();
      if (!settings) return report(settings.error());
      if (flags->exit_when_done && is_live(settings->text("source"))) {
        return report(
            {Errc::invalid_argument,
             fmt::format("--exit-when-done needs a source that ends, replay:FILE; source is {}",
                         settings->text("source"))});
      }
      return run_process(*settings, [&](const sigset_t& signals) {
        return EmbeddedRun(*settings, flags->exit_when_done).run(signals);
      });
    };
  });
}

}  // namespace tradelake::cli
