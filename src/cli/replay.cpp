// `tradelake replay FILE`: a capture's frames into the log, each once, however often it is
// repeated.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/source_stage.h"

namespace tradelake::cli {

void add_replay(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand("replay", "A capture's frames into the log, each once");
  const auto flags = SettingFlags::add(*command, {"data_dir", "speed", "listen", "log"}, any_port);
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "A capture, plain or .zst")->required();
  command->callback([=, &run] {
    run = [=]() -> int {
      flags->set("source", "replay:" + *file);
      const auto settings = flags->load();
      if (!settings) return report(settings.error());
      return run_source_stage(*settings, "replay", true);
    };
  });
}

}  // namespace tradelake::cli
