#include "cli/source_stage.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "api/stage_server.h"
#include "cli/command.h"
#include "cli/live_source.h"
#include "cli/opened_lake.h"
#include "cli/process.h"
#include "core/time.h"

namespace tradelake::cli {
namespace {

void print_status(const char* name, const api::SourceStatus& source) {
  const auto& frames = source.collector.frames;
  if (on_terminal()) {
    show_status(fmt::format("{} {} {} | {} frames logged | {} bytes wait | {} dropped", name,
                            source.name, source.state, frames.logged, source.collector.queued_bytes,
                            source.collector.dropped));
  } else {
    spdlog::info(
        "event=status stage={} source={} state={} frames_logged={} queued_bytes={} dropped={}",
        name, source.name, source.state, frames.logged, source.collector.queued_bytes,
        source.collector.dropped);
  }
}

Result<> fill_the_log(const Settings& settings, const char* name, bool exit_when_done,
                      const sigset_t& signals) {
  TL_ASSIGN(auto lake, OpenedLake::open_log_to_fill(settings));
  Failure failure;
  const SourceHooks hooks{[&](Error error) { failure.set(std::move(error)); }, {}};
  TL_ASSIGN(const auto source, start_source(settings, *lake.log, hooks));
  TL_ASSIGN(const auto server,
            api::start_stage_server(settings.text("listen"),
                                    {[&] { return api::MetricSources{.source = source->status()}; },
                                     [&] { return source->status().state != "reconnecting"; }}));
  say_where(fmt::format("tradelake {}", name), settings, server->port());
  std::int64_t next_status_us = 0;
  const auto watched = watch(signals, failure, [&]() -> Result<bool> {
    if (exit_when_done && source->ended()) return true;
    const std::int64_t now = now_us();
    if (now >= next_status_us) {
      next_status_us = now + status_interval_us();
      print_status(name, source->status());
    }
    return false;
  });
  source->stop();
  TL_TRY(watched);
  if (const auto error = failure.get()) return std::unexpected(*error);
  fmt::print("{}done\n", on_terminal() ? "\n" : "");
  return {};
}

}  // namespace

int run_source_stage(const Settings& settings, const char* name, bool exit_when_done) {
  return run_process(settings, [&](const sigset_t& signals) {
    return fill_the_log(settings, name, exit_when_done, signals);
  });
}

}  // namespace tradelake::cli
