#include "cli/pipeline_stage.h"

#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "api/stage_server.h"
#include "cli/opened_lake.h"
#include "cli/pipelines.h"
#include "cli/process.h"
#include "core/time.h"
#include "log/end_markers.h"
#include "log/lag.h"

namespace tradelake::cli {
namespace {

class Stage {
 public:
  Stage(const Settings& settings, std::string name, bool exit_when_done)
      : settings_(settings), name_(std::move(name)), exit_when_done_(exit_when_done) {}

  Result<> run(const OpenPipeline& open, const sigset_t& signals) {
    TL_ASSIGN(lake_, OpenedLake::open_to_run(settings_));
    TL_ASSIGN(opened_, open(settings_, lake_->lake()));
    auto& pipeline = *opened_.pipeline;
    TL_ASSIGN(const auto server,
              api::start_stage_server(settings_.text("listen"), {[this] { return sources(); },
                                                                 [this] { return is_ready(); }}));
    say_where("tradelake " + name_, settings_, server->port());
    if (exit_when_done_) pipeline.commit_at_end();
    std::jthread thread([&](std::stop_token stop) { failure_.keep(pipeline.run(stop, drain_us)); });
    const auto watched = watch(signals, failure_, [this] { return tick(); });
    thread.request_stop();
    thread.join();
    TL_TRY(watched);
    if (const auto error = failure_.get()) return std::unexpected(*error);
    const auto& counts = opened_.status().committed;
    fmt::print("{}done: {} trades in, {} ok, {} dead letters, {} repeats\n",
               on_terminal() ? "\n" : "", counts.in, counts.ok, counts.dead, counts.filtered);
    return {};
  }

 private:
  api::MetricSources sources() const {
    auto sources = opened_.sources;
    if (auto log = lake_->log->offsets()) sources.log = *std::move(log);
    return sources;
  }

  // Nothing that it needs is away.
  bool is_ready() const { return !opened_.status().waits && lake_->log->offsets(); }

  Result<bool> tick() {
    const std::int64_t now = now_us();
    if (now >= next_look_us_) {
      next_look_us_ = now + look_every_us;
      if (exit_when_done_) {
        TL_ASSIGN(const bool done, is_done());
        if (done) return true;
      }
    }
    if (now >= next_status_us_) {
      next_status_us_ = now + status_interval_us();
      print_status(now);
    }
    return false;
  }

  // All of the log is committed, by this process or another of the same stage, and nothing more is
  // to come.
  Result<bool> is_done() const {
    auto done = everything_is_committed();
    // A log or a catalog that is away is waited for, like everywhere.
    if (!done && done.error().code == Errc::unavailable) return false;
    return done;
  }

  Result<bool> everything_is_committed() const {
    TL_ASSIGN(auto ends, lake_->log->offsets());
    std::erase_if(ends, [&](const auto& entry) { return !opened_.pipeline->reads(entry.first); });
    TL_ASSIGN(auto committed, committed_offsets(*lake_->catalog, opened_.pipeline->name()));
    for (const auto& [where, range] : ends) committed.try_emplace(where, 0);
    if (!log::reaches_the_end(ends, committed)) return false;
    return log::ends_with_markers(*lake_->log, ends);
  }

  void print_status(std::int64_t now) {
    const auto status = opened_.status();
    const auto ends = lake_->log->offsets();
    const std::int64_t lag =
        ends ? log::records_ahead(*ends, opened_.pipeline->consumed_offsets()) : -1;
    const auto age =
        status.last_commit_us == 0
            ? std::string("never")
            : fmt::format("{:.1f} s ago", static_cast<double>(now - status.last_commit_us) / 1e6);
    const double rate = last_status_us_ == 0 ? 0
                                             : static_cast<double>(status.committed.in - last_in_) *
                                                   1e6 / static_cast<double>(now - last_status_us_);
    last_status_us_ = now;
    last_in_ = status.committed.in;
    if (on_terminal()) {
      show_status(
          fmt::format("{} | {:.0f} trades/s | lag {} frames | last commit {} | {} ok | {} dead",
                      name_, rate, lag, age, status.committed.ok, status.committed.dead));
    } else {
      spdlog::info(
          "event=status stage={} trades_per_s={:.0f} lag_frames={} last_commit=\"{}\" ok={} "
          "dead={}",
          name_, rate, lag, age, status.committed.ok, status.committed.dead);
    }
  }

  static constexpr std::int64_t look_every_us = us_per_second / 5;

  const Settings& settings_;
  const std::string name_;
  const bool exit_when_done_;
  Failure failure_;
  std::optional<OpenedLake> lake_;
  OpenedPipeline opened_;
  std::int64_t next_look_us_ = 0, next_status_us_ = 0;
  std::int64_t last_status_us_ = 0, last_in_ = 0;
};

}  // namespace

CLI::App& add_pipeline_stage(CLI::App& root, Run& run, const char* name, const char* about,
                             OpenPipeline open) {
  auto* command = root.add_subcommand(name, about);
  const auto settings =
      SettingFlags::add(*command, {"data_dir", "listen", "log", "catalog", "warehouse"}, any_port);
  const auto exit_when_done = std::make_shared<bool>(false);
  command->add_flag(
      "--exit-when-done", *exit_when_done,
      "End when all of the log is committed and every partition ends with an end marker");
  command->callback([=, &run, open = std::move(open), name = std::string(name)] {
    if (!command->get_subcommands().empty()) return;
    run = [=]() -> int {
      const auto loaded = settings->load();
      if (!loaded) return report(loaded.error());
      return run_process(*loaded, [&](const sigset_t& signals) {
        return Stage(*loaded, name, *exit_when_done).run(open, signals);
      });
    };
  });
  return *command;
}

}  // namespace tradelake::cli
