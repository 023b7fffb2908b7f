// `tradelake doctor`: looks at every part that the configuration names.
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bybit/market.h"
#include "cli/command.h"
#include "core/event_log.h"
#include "log/kafka_address.h"
#include "ops/check_text.h"
#include "ops/doctor.h"

namespace tradelake::cli {
namespace {

constexpr std::string_view replay_prefix = "replay:";
constexpr std::int64_t commit_intervals = 3;  // without a commit are not yet stale

Result<ops::SourceAddress> source_address(const Settings& settings) {
  ops::SourceAddress source;
  const auto& name = settings.text("source");
  if (name.starts_with(replay_prefix)) {
    source.replay_file = name.substr(replay_prefix.size());
    return source;
  }
  TL_TRY(bybit::parse_markets(settings.text("symbols")));
  source.automatic = name == "auto";
  TL_ASSIGN(source.exchange, feed::parse_exchange(source.automatic ? "bybit" : name));
  return source;
}

Result<ops::DoctorOptions> doctor_options(const Settings& settings) {
  ops::DoctorOptions options;
  TL_ASSIGN(options.lake, lake_addresses(settings));
  if (!options.lake.has_log_here()) TL_TRY(log::parse_kafka_address(options.lake.kafka));
  TL_ASSIGN(options.source, source_address(settings));
  options.stale_after_us = std::max(settings.duration_us("doctor.stale_after"),
                                    commit_intervals * settings.duration_us("commit.interval"));
  options.environment = ::getenv;
  return options;
}

// The exit status: done only if all is well.
Result<int> examine(const SettingFlags& flags, bool json) {
  TL_ASSIGN(const auto settings, flags.load());
  TL_ASSIGN(const auto options, doctor_options(settings));
  // What the parts report while they are looked at is in the findings too.
  const bool debug = settings.text("log_level") == "debug";
  start_event_log(debug ? "debug" : "error");
  const auto [checks, hangs] = ops::diagnose(options);
  fmt::print("{}", json ? ops::checks_as_json(checks) : ops::checks_as_text(checks));
  std::fflush(stdout);
  const int status = ops::all_is_well(checks) ? Exit::done : Exit::failed;
  if (hangs) std::_Exit(status);
  return status;
}

}  // namespace

void add_doctor(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand(
      "doctor", "Looks at every part that the configuration names; exit 0 only if all is well");
  auto flags =
      SettingFlags::add(*command, {"data_dir", "source", "symbols", "log", "catalog", "warehouse"});
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print the findings as JSON");
  command->callback([flags, json, &run] {
    run = [flags, json]() -> int {
      const auto status = examine(*flags, *json);
      return status ? *status : report(status.error());
    };
  });
}

}  // namespace tradelake::cli
