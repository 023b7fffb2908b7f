#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "cli/command.h"

namespace tradelake::cli {

std::shared_ptr<SettingFlags> SettingFlags::add(CLI::App& command,
                                                std::initializer_list<const char*> keys) {
  auto flags = std::make_shared<SettingFlags>();
  command.add_option("--config", flags->file_, "Configuration file (TOML)");
  for (const std::string key : keys) {
    std::string name = "--" + key;
    std::ranges::replace(name, '_', '-');
    const auto info = std::ranges::find(all_settings(), key, &SettingInfo::key);
    command.add_option_function<std::string>(
        name, [flags, key](const std::string& value) { flags->given_[key] = value; },
        fmt::format("{} (default: {})", info->doc, info->default_value));
  }
  return flags;
}

Result<Settings> SettingFlags::load() const {
  return Settings::load(given_, file_, [](const char* name) { return std::getenv(name); });
}

int report(const Error& error) {
  fmt::print(stderr, "tradelake: {}\n", error.message);
  switch (error.code) {
    case Errc::invalid_argument:
      return Exit::usage;
    case Errc::fenced:
      return Exit::fenced;
    default:
      return Exit::failed;
  }
}

}  // namespace tradelake::cli
