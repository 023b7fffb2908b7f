// `tradelake config`: the effective configuration, with the origin of each value.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace tradelake::cli {

void add_config(CLI::App& root, Run& run) {
  auto* command =
      root.add_subcommand("config", "The effective configuration and where each value comes from");
  auto flags = SettingFlags::add(*command, {"data_dir"});
  auto markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *markdown,
                    "Print the reference of all keys (docs/configuration.md)");
  command->callback([flags, markdown, &run] {
    run = [flags, markdown]() -> int {
      if (*markdown) {
        fmt::print("{}", settings_markdown());
        return Exit::done;
      }
      const auto settings = flags->load();
      if (!settings) return report(settings.error());
      for (const auto& info : all_settings()) {
        fmt::print("{:20} = {:30} # {}\n", info.key, settings->text(info.key),
                   to_string(settings->origin(info.key)));
      }
      return Exit::done;
    };
  });
}

}  // namespace tradelake::cli
