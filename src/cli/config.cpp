// `tradelake config`: the effective configuration, with the origin of each value.
#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace tradelake::cli {
namespace {

constexpr std::string_view row = "{:20} = {:30} # {}\n";

// What is set beside the settings, by the names that the database and the S3 server have for it.
void print_secrets() {
  for (const std::string name :
       {"PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
    const auto is_set = [](const std::string& variable) {
      const char* value = std::getenv(variable.c_str());
      return value != nullptr && *value != '\0';
    };
    const auto in_file = name + "_FILE";
    if (is_set(name)) {
      fmt::print(row, name, "********", "environment");
    } else if (is_set(in_file)) {
      fmt::print(row, name, "********", "the file that " + in_file + " names");
    }
  }
}

}  // namespace

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
        fmt::print(row, info.key, settings->text(info.key), to_string(settings->origin(info.key)));
      }
      print_secrets();
      return Exit::done;
    };
  });
}

}  // namespace tradelake::cli
