#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "core/unknown_variables.h"

namespace tradelake::cli {

std::shared_ptr<SettingFlags> SettingFlags::add(CLI::App& command,
                                                std::initializer_list<const char*> keys,
                                                std::map<std::string, std::string> defaults) {
  auto flags = std::make_shared<SettingFlags>();
  flags->defaults_ = std::move(defaults);
  command.add_option("--config", flags->file_, "Configuration file (TOML)");
  for (const std::string key : keys) {
    std::string name = "--" + key;
    std::ranges::replace(name, '_', '-');
    const auto info = std::ranges::find(all_settings(), key, &SettingInfo::key);
    const auto own = flags->defaults_.find(key);
    command.add_option_function<std::string>(
        name, [flags, key](const std::string& value) { flags->given_[key] = value; },
        fmt::format("{} (default: {})", info->doc,
                    own == flags->defaults_.end() ? info->default_value : own->second));
  }
  return flags;
}

namespace {

// A value may be a secret: names only.
Result<> look_at_variables() {
  for (const auto& [name, nearest, is_a_slip] : unknown_variables(environ)) {
    if (is_a_slip) {
      return make_error(Errc::invalid_argument,
                        "environment: unknown key {}; the nearest known one is {}", name, nearest);
    }
    fmt::print(stderr, "tradelake: {} is not a setting and is passed over; the nearest is {}\n",
               name, nearest);
  }
  return {};
}

}  // namespace

Result<Settings> SettingFlags::load() const {
  TL_TRY(look_at_variables());
  return Settings::load(
      given_, file_, [](const char* name) { return std::getenv(name); }, defaults_);
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
