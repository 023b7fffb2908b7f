// `tradelake collect`: an exchange's frames into the log.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/live_source.h"
#include "cli/source_stage.h"

namespace tradelake::cli {

void add_collect(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("collect", "An exchange's frames into the log");
  const auto flags = SettingFlags::add(
      *command, {"data_dir", "source", "speed", "symbols", "listen", "log"}, any_port);
  const auto exit_when_done = std::make_shared<bool>(false);
  command->add_flag("--exit-when-done", *exit_when_done, "End when a replay's file is in the log");
  command->callback([=, &run] {
    run = [=]() -> int {
      const auto settings = flags->load();
      if (!settings) return report(settings.error());
      return run_source_stage(*settings, "collect", *exit_when_done);
    };
  });
}

}  // namespace tradelake::cli
