// `tradelake run`: everything in one process, embedded.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "api/server.h"
#include "cli/command.h"
#include "cli/live_source.h"
#include "cli/opened_lake.h"
#include "core/event_log.h"
#include "core/time.h"

namespace tradelake::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t drain_us = 3 * us_per_second;
constexpr std::int64_t max_records_ahead = 65'536;  // of a replay before the pipelines
constexpr std::int64_t trim_every_us = 10 * us_per_minute;

struct Flags {
  std::shared_ptr<SettingFlags> settings;
  bool exit_when_done = false;
};

// The first error of any thread; the process stops for it.
class Failure {
 public:
  void set(Error error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  std::optional<Error> get() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

class EmbeddedRun {
 public:
  EmbeddedRun(const Settings& settings, bool exit_when_done)
      : settings_(settings), exit_when_done_(exit_when_done) {}

  Result<> run(const sigset_t& signals) {
    TL_ASSIGN(lake_, OpenedLake::open_to_run(settings_));
    const bool live = is_live(settings_.text("source"));
    TL_TRY(open_pipelines(live));
    std::jthread sink([this](std::stop_token stop) { keep(sink_->run(stop, drain_us)); });
    std::jthread candles([this](std::stop_token stop) { keep(candles_->run(stop, drain_us)); });
    const auto served = serve(signals);
    // The source is stopped by now: what is in the log is all there is. Both drain at once.
    sink.request_stop();
    candles.request_stop();
    sink.join();
    candles.join();
    server_.reset();
    TL_TRY(served);
    if (const auto error = failure_.get()) return std::unexpected(*error);
    report_end();
    return {};
  }

 private:
  Result<> open_pipelines(bool live) {
    bronze::CommitLimits limits;
    limits.max_rows = static_cast<std::size_t>(settings_.integer("commit.max_rows"));
    limits.max_bytes = static_cast<std::size_t>(settings_.bytes("commit.max_bytes"));
    limits.interval_us = settings_.duration_us("commit.interval");
    const auto id_memory = static_cast<std::size_t>(settings_.bytes("dedup.memory"));
    const auto grace_us = settings_.duration_us("candles.grace");
    TL_ASSIGN(sink_,
              bronze::Sink::open(lake_->lake(),
                                 {limits, grace_us, id_memory,
                                  static_cast<int>(settings_.integer("parquet.zstd_level"))}));
    TL_ASSIGN(candles_, silver::Candles::open(lake_->lake(), {limits, grace_us, id_memory, live}));
    return {};
  }

  Result<> serve(const sigset_t& signals) {
    SourceHooks hooks{[this](Error error) { failure_.set(std::move(error)); },
                      [this](std::stop_token stop) { wait_for_room(stop); }};
    TL_ASSIGN(const auto source, start_source(settings_, *lake_->log, std::move(hooks)));
    TL_ASSIGN(server_, api::Server::start(settings_.text("listen"),
                                          {*sink_, *candles_, *lake_->catalog, *lake_->io, [&] {
                                             auto status = source->status();
                                             status.log_end_records = log_end();
                                             return status;
                                           }}));
    fmt::print("tradelake listening on http://{}:{}\n", host(), server_->port());
    std::fflush(stdout);
    const auto result = watch(signals, *source);
    source->stop();
    server_.reset();  // before the source it reads
    return result;
  }

  std::string host() const {
    const auto& listen = settings_.text("listen");
    return listen.substr(0, listen.rfind(':'));
  }

  // Until a signal, an error, or the end of a replay that was asked to end the process.
  Result<> watch(const sigset_t& signals, const Source& source) {
    constexpr timespec tick{0, 20'000'000};
    std::int64_t next_status_us = 0;
    std::int64_t next_trim_us = now_us() + trim_every_us;
    while (!failure_.get()) {
      if (sigtimedwait(&signals, nullptr, &tick) > 0) return {};
      if (source.ended() && exit_when_done_) {
        sink_->commit_at_end();
        candles_->commit_at_end();
        TL_ASSIGN(const bool done, all_committed());
        if (done) return {};
      }
      const std::int64_t now = now_us();
      if (now >= next_status_us) {
        next_status_us = now + (isatty(STDOUT_FILENO) == 1 ? us_per_second : 10 * us_per_second);
        print_status(source.status());
      }
      if (now >= next_trim_us) {
        next_trim_us = now + trim_every_us;
        TL_TRY(trim_log());
      }
    }
    return {};
  }

  Result<bool> all_committed() {
    TL_ASSIGN(const auto ends, lake_->log->offsets());
    for (const auto& committed : {sink_->committed_offsets(), candles_->committed_offsets()}) {
      for (const auto& [where, offset] : committed) {
        if (offset < ends.at(where).end) return false;
      }
    }
    return true;
  }

  std::int64_t log_end() const {
    std::int64_t sum = 0;
    if (const auto ends = lake_->log->offsets()) {
      for (const auto& [where, range] : *ends) sum += range.end;
    }
    return sum;
  }

  // How many records the slower pipeline has still to read.
  std::int64_t records_ahead() const {
    const auto ends = lake_->log->offsets();
    if (!ends) return 0;
    std::int64_t most = 0;
    for (const auto& consumed : {sink_->consumed_offsets(), candles_->consumed_offsets()}) {
      std::int64_t ahead = 0;
      for (const auto& [where, offset] : consumed) ahead += ends->at(where).end - offset;
      most = std::max(most, ahead);
    }
    return most;
  }

  void wait_for_room(std::stop_token stop) const {
    while (!stop.stop_requested() && !failure_.get() && records_ahead() >= max_records_ahead) {
      std::this_thread::sleep_for(2ms);
    }
  }

  Result<> trim_log() {
    std::map<log::TopicPartition, std::int64_t> keep_from;
    TL_ASSIGN(const auto ends, lake_->log->offsets());
    for (const auto& pipeline : {bronze::Sink::pipeline, silver::Candles::pipeline}) {
      TL_ASSIGN(const auto rows, lake_->catalog->progress(pipeline));
      for (const auto& row : rows) {
        const auto at = keep_from.try_emplace({row.topic, row.partition}, row.replay_from).first;
        at->second = std::min(at->second, row.replay_from);
      }
    }
    return lake_->log->trim(now_us() - settings_.duration_us("log.retention"), keep_from);
  }

  void keep(const Result<>& result) {
    if (!result) failure_.set(result.error());
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
    if (isatty(STDOUT_FILENO) == 1) {
      if (!takes_a_line(STDOUT_FILENO)) return;  // signals are waited for in this thread
      fmt::print(
          "\r\033[K{} {} | {:.0f} trades/s | lag {} frames | last commit {} | {} rows | {} dead "
          "letters",
          source.name, source.state, rate, records_ahead(), age, sink.committed.ok,
          sink.committed.dead);
      std::fflush(stdout);
    } else {
      spdlog::info(
          "event=status source={} state={} trades_per_s={:.0f} lag_frames={} last_commit=\"{}\" "
          "rows={} dead_letters={}",
          source.name, source.state, rate, records_ahead(), age, sink.committed.ok,
          sink.committed.dead);
    }
  }

  void report_end() const {
    const auto sink = sink_->status();
    const auto candles = candles_->status();
    fmt::print(
        "{}done: {} trades in, {} rows, {} dead letters, {} repeats; {} candles, {} revised, {} "
        "late trades\n",
        isatty(STDOUT_FILENO) == 1 ? "\n" : "", sink.committed.in, sink.committed.ok,
        sink.committed.dead, sink.committed.filtered, candles.candles_written,
        candles.candles_revised, candles.late_trades);
  }

  Settings settings_;
  bool exit_when_done_;
  Failure failure_;
  std::optional<OpenedLake> lake_;
  std::unique_ptr<bronze::Sink> sink_;
  std::unique_ptr<silver::Candles> candles_;
  std::unique_ptr<api::Server> server_;
  std::int64_t last_status_us_ = 0;
  std::int64_t last_seen_ = 0;
};

}  // namespace

void add_run(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("run", "Everything in one process: collect, commit, serve");
  auto flags = std::make_shared<Flags>();
  flags->settings = SettingFlags::add(
      *command, {"data_dir", "source", "speed", "symbols", "listen", "catalog", "warehouse"});
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
      // Standard output is for the user; events go to standard error.
      start_event_log(settings->text("log_level"));
      // Blocked before any thread starts, so that only watch() takes them.
      sigset_t signals;
      sigemptyset(&signals);
      sigaddset(&signals, SIGINT);
      sigaddset(&signals, SIGTERM);
      pthread_sigmask(SIG_BLOCK, &signals, nullptr);
      const auto result = EmbeddedRun(*settings, flags->exit_when_done).run(signals);
      return result ? static_cast<int>(Exit::done) : report(result.error());
    };
  });
}

}  // namespace tradelake::cli
