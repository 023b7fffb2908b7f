// `tradelake serve`: REST, page and metrics over a lake that other processes fill.
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include "api/server.h"
#include "cli/command.h"
#include "cli/opened_lake.h"
#include "cli/pipelines.h"
#include "cli/process.h"
#include "core/time.h"
#include "log/lag.h"

namespace tradelake::cli {
namespace {

class Serving {
 public:
  explicit Serving(const Settings& settings) : settings_(settings) {}

  Result<> run(const sigset_t& signals) {
    TL_ASSIGN(lake_, OpenedLake::open_to_run(settings_));
    TL_ASSIGN(sink_, open_sink(settings_, lake_->lake(), bronze::Role::follower));
    TL_ASSIGN(candles_, open_candles(settings_, lake_->lake(), bronze::Role::follower));
    TL_ASSIGN(const auto server, api::Server::start(settings_.text("listen"),
                                                    {*sink_, *candles_, *lake_->catalog, *lake_->io,
                                                     [this] { return source(); }, nullptr,
                                                     [this] { return is_ready(); }}));
    std::jthread sink([this](std::stop_token stop) { failure_.keep(sink_->follow(stop)); });
    std::jthread candles([this](std::stop_token stop) { failure_.keep(candles_->follow(stop)); });
    say_where("tradelake serve", settings_, server->port());
    TL_TRY(watch(signals, failure_, [this]() -> Result<bool> {
      print_status();
      return false;
    }));
    if (const auto error = failure_.get()) return std::unexpected(*error);
    return {};
  }

 private:
  api::SourceStatus source() const {
    api::SourceStatus status;
    status.name = settings_.text("log");
    status.state = "following";
    if (auto log = lake_->log->offsets()) status.log = *std::move(log);
    return status;
  }

  std::int64_t lag(const log::LogRanges& log) const {
    return std::max(log::records_ahead(log, sink_->consumed_offsets()),
                    log::records_ahead(log, candles_->consumed_offsets()));
  }

  bool is_ready() const {
    const auto log = source().log;
    return !log.empty() && !sink_->consumed_offsets().empty() && !sink_->status().waits &&
           !candles_->status().waits && lag(log) < lag_of_now;
  }

  void print_status() {
    const std::int64_t now = now_us();
    if (now < next_status_us_) return;
    next_status_us_ = now + status_interval_us();
    const auto log = source().log;
    const auto sink = sink_->status();
    const auto text =
        log.empty() ? std::string("the log is away") : fmt::format("lag {} frames", lag(log));
    if (on_terminal()) {
      show_status(
          fmt::format("serve | {} | {} rows not in the tables yet", text, sink.uncommitted_rows));
    } else {
      spdlog::info("event=status stage=serve lag_frames={} uncommitted_rows={}",
                   log.empty() ? -1 : lag(log), sink.uncommitted_rows);
    }
  }

  const Settings& settings_;
  Failure failure_;
  std::optional<OpenedLake> lake_;
  std::unique_ptr<bronze::Sink> sink_;
  std::unique_ptr<silver::Candles> candles_;
  std::int64_t next_status_us_ = 0;
};

}  // namespace

void add_serve(CLI::App& root, Run& run) {
  auto* command =
      root.add_subcommand("serve", "REST, page and metrics over a lake that others fill");
  const auto flags =
      SettingFlags::add(*command, {"data_dir", "listen", "log", "catalog", "warehouse"});
  command->callback([=, &run] {
    run = [=]() -> int {
      const auto settings = flags->load();
      if (!settings) return report(settings.error());
      return run_process(*settings,
                         [&](const sigset_t& signals) { return Serving(*settings).run(signals); });
    };
  });
}

}  // namespace tradelake::cli
